"""A document that the applicant does not want electronically goes by post (デジタル手続法7条1項)."""

from alembic import op

revision = "20261126_0029"
down_revision = "20261126_0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table review.document add column by_post boolean not null default false")
