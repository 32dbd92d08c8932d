"""What each version of a text came of, and which groups a procedure goes to: their managers edit its texts."""

from alembic import op

revision = "20261125_0008"
down_revision = "20261125_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table notify.template_version add column act text not null default 'written'")
    op.execute("alter table notify.procedure add column groups jsonb not null default '{}'")
