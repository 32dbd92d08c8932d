"""Contents that an official changed himself, with the reason."""

from alembic import op

revision = "20261125_0016"
down_revision = "20261125_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table review.revision add column edited_by text not null default ''")
    op.execute("alter table review.revision add column reason text not null default ''")
