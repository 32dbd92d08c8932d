"""The post may ask who the managers of a group are: a procedure may want them told."""

from alembic import op

revision = "20261125_0012"
down_revision = "20261125_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("grant select on identity.official to madoguchi_notify")
