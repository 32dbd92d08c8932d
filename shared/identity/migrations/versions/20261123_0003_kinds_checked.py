"""Look through the organisations' kinds, in a transaction of its own: it locks nobody out."""

from alembic import op

revision = "20261123_0003"
down_revision = "20261123_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table identity.organisation validate constraint organisation_kind_check")
