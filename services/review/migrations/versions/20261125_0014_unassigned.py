"""An index of the cases that nobody has."""

from alembic import op

revision = "20261125_0014"
down_revision = "20261125_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("""
        create index concurrently if not exists case_unassigned_idx on review."case" ("group", id)
        where official_id is null and state = 'open'
        """)
