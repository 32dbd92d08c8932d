"""The last day of the standard period of each case, and what was told of it. The worker counts the days of the cases at hand."""

from alembic import op

revision = "20261125_0010"
down_revision = "20261125_0009"
branch_labels = None
depends_on = None

_OPEN = "state in ('open', 'correcting')"


def upgrade() -> None:
    op.execute("""
    alter table review."case"
      add column due_on date,
      add column near_on date,
      add column tell_on date,
      add column warned_for date,
      add column escalated_for date,
      add column counted_by text not null default '',
      add column took_days bigint
    """)
    # An index of 100,000 cases is made in less than a second; concurrently, a second migration that waits would never end.
    for index in (
        f'case_due_idx on review."case" ("group", due_on, state, procedure_id, official_id, arrived_at, stage) where {_OPEN}',
        'case_decided_idx on review."case" ("group", decided_at, procedure_id, took_days) where state = \'decided\'',
        f'case_tell_idx on review."case" (tell_on) where {_OPEN} and tell_on is not null',
        f'case_counted_idx on review."case" (counted_by) where {_OPEN}',
        "case_uncounted_idx on review.\"case\" (id) where state = 'decided' and took_days is null",
    ):
        op.execute(f"""
        -- squawk-ignore require-concurrent-index-creation
        create index {index}
        """)
