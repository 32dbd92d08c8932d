"""The role that makes backups notes its runs.

It is made by whoever prepares the server (deploy/database.py); where it is not there, no backups are made.
"""

from alembic import op

revision = "20261126_0002"
down_revision = "20261126_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    do $$ begin
      if exists (select from pg_roles where rolname = 'madoguchi_backup') then
        grant select, insert, update on operation.run to madoguchi_backup;
      end if;
    end $$
    """)
