"""What an organisation says to the items of a correction."""

from alembic import op

revision = "20261125_0015"
down_revision = "20261125_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.correction add column replies jsonb not null default '{}'")
