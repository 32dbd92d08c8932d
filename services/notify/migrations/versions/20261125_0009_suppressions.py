"""An index for the list of those who are not written to."""

from alembic import op

revision = "20261125_0009"
down_revision = "20261125_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("create index concurrently if not exists suppression_created_at_idx on notify.suppression (created_at)")
