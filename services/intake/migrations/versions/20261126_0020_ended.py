"""What came to its end and is not anonymous: retention looks through these alone, however many are anonymous already."""

from alembic import op

revision = "20261126_0020"
down_revision = "20261126_0019"
branch_labels = None
depends_on = None

ENDED = "state in ('returned', 'withdrawn', 'approved', 'partly_approved', 'refused', 'accepted') and anonymised_at is null"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"create index concurrently if not exists application_ended_idx on intake.application (id) where {ENDED}")
        op.execute("drop index concurrently if exists intake.step_ended_idx")
