"""Files that go with messages."""

from alembic import op

revision = "20261125_0017"
down_revision = "20261125_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.message add column files jsonb not null default '[]'")
