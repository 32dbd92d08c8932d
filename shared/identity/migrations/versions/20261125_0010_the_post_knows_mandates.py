"""The post may ask which mandates an organisation holds: an agent's webhooks hear while one is in force."""

from alembic import op

revision = "20261125_0010"
down_revision = "20261125_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("grant execute on function identity.mandates_held(uuid) to madoguchi_notify")
