"""Whose turn it is: the duty that the present stage of a case needs."""

from alembic import op

revision = "20261125_0023"
down_revision = "20261125_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # cases that were opened before stages are with the examiner
    op.execute("""alter table review."case" add column stage_role text not null default 'examiner'""")
