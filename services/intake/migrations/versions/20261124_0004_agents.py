"""Drafts and applications that an agent writes and files for his principal."""

from alembic import op

revision = "20261124_0004"
down_revision = "20261124_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.application add column agent_id uuid")
    op.execute("alter table intake.draft add column agent_id uuid, add column agent_name text")
