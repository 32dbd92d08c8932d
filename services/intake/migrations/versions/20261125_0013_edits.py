"""Contents that the office changed, with the reason: they belong to no correction, and nobody of the organisation sent them."""

from alembic import op

revision = "20261125_0013"
down_revision = "20261124_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.revision alter column correction_id drop not null")
    op.execute("alter table intake.revision alter column account_id drop not null")
    op.execute("alter table intake.revision add column reason text not null default ''")
