"""Only the counter, which serves the sign-in, publishes as identity: the post mails links to whom such an event names."""

from alembic import op

revision = "20261126_0003"
down_revision = "20261126_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for service in ("review", "notify", "opendata"):
        for table in ("event", "delivery"):
            op.execute(f"alter policy publish_{service} on bus.{table} with check (source = '{service}')")
