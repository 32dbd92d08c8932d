"""Contents that the office changed, with the reason: they belong to no correction, and nobody of the organisation sent them."""

from alembic import op

revision = "20261125_0014"
down_revision = "20261125_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The old code shows revisions by their number, name and answers; it passes over what it does not find here.
    for column in ("correction_id", "account_id"):
        op.execute(f"""
        -- squawk-ignore ban-drop-not-null
        alter table intake.revision alter column {column} drop not null
        """)
    op.execute("alter table intake.revision add column reason text not null default ''")
