"""Count the withdrawn."""

from alembic import op

revision = "20261123_0002"
down_revision = "20261123_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table opendata.procedure_count add column withdrawn bigint not null default 0")
