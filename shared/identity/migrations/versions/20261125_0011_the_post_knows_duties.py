"""The post may ask which duties officials have: managers and editors of a group edit the texts of its procedures."""

from alembic import op

revision = "20261125_0011"
down_revision = "20261125_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("grant select on identity.duty_of to madoguchi_notify")
