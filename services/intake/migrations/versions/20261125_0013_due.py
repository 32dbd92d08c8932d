"""Until when an application will be decided, as the desk says it."""

from alembic import op

revision = "20261125_0013"
down_revision = "20261124_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.application add column due_on date")
