"""Who may decide in the last stage besides those with its duty: lists of whose turn it is ask it of many cases."""

from alembic import op

revision = "20261125_0024"
down_revision = "20261125_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # cases that are in their last stage already are told to those with its duty only
    op.execute("""
    alter table review."case"
      add column stage_deciders text[] not null default '{}',
      add column stage_deputy text
    """)
