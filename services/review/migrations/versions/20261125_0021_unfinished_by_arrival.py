"""An index for lists of unfinished cases over many groups."""

from alembic import op

revision = "20261125_0021"
down_revision = "20261125_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("""
        create index concurrently if not exists case_unfinished_arrived_idx on review."case" (arrived_at, id)
        where state in ('open', 'correcting')
        """)
