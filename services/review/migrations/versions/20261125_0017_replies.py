"""What the applicant says to the items of a correction."""

from alembic import op

revision = "20261125_0017"
down_revision = "20261125_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table review.correction add column replies jsonb not null default '{}'")
