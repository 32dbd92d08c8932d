"""The ids that a draft's answers name, beside the answers: those may be sealed (docs/adr/0027)."""

from alembic import op

revision = "20261126_0019"
down_revision = "20261126_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.draft add column files uuid[] not null default '{}'")
