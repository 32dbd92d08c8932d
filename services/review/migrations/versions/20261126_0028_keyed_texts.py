"""The texts that cases are found by lose what tells of persons: the errand writes them anew, with tokens (docs/adr/0027)."""

from alembic import op

revision = "20261126_0028"
down_revision = "20261126_0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table review.finding add column if not exists keyed boolean not null default false")
    with op.get_context().autocommit_block():
        op.execute(
            "create index concurrently if not exists finding_anew_idx on review.finding (case_id) where stale or not keyed"
        )
        op.execute("drop index concurrently if exists review.finding_stale_idx")
