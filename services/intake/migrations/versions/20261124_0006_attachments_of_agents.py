"""Attachments that an agent sent for its principal."""

from alembic import op

revision = "20261124_0006"
down_revision = "20261124_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.attachment add column agent_id uuid")


def downgrade() -> None:
    op.execute("alter table intake.attachment drop column agent_id")
