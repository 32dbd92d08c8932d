"""Deliveries of what is published as identity come from the counter alone, as those events do."""

from alembic import op

revision = "20261126_0004"
down_revision = "20261126_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for service in ("review", "notify", "opendata"):
        op.execute(f"alter policy publish_{service} on bus.delivery with check (source = '{service}')")
