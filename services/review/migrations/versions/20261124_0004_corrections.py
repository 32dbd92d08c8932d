"""Corrections, the contents before and after them, and the times in which the clock stands."""

from alembic import op

revision = "20261124_0004"
down_revision = "20261124_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""alter table review."case" add column revision bigint not null default 1""")
    # The old code knows fewer states; whatever fitted the old rule fits the new one, so there is nothing to validate.
    op.execute("""
    -- squawk-ignore ban-drop-constraint
    alter table review."case" drop constraint case_state_check
    """)
    op.execute("""
    alter table review."case"
      add constraint case_state_check check (state in ('open', 'correcting', 'decided', 'withdrawn')) not valid
    """)
    op.execute("""
    create table review.revision (
      case_id uuid not null constraint revision_case_id_fkey references review."case" on delete cascade,
      number bigint not null,
      answers jsonb not null,
      at timestamptz not null,
      constraint revision_pkey primary key (case_id, number)
    )
    """)
    op.execute("revoke update, delete on review.revision from madoguchi_review")
    op.execute("""
    create table review.correction (
      id uuid constraint correction_pkey primary key,
      case_id uuid not null constraint correction_case_id_fkey references review."case" on delete cascade,
      items jsonb not null,
      note text not null,
      asked_at timestamptz not null,
      asked_by uuid not null,
      asked_by_name text not null,
      due_on date not null,
      state text not null constraint correction_state_check check (state in ('asked', 'answered', 'expired', 'closed')),
      reminded_at timestamptz,
      answered_at timestamptz,
      revision bigint,
      late boolean not null default false
    )
    """)
    op.execute("create unique index correction_open_idx on review.correction (case_id) where state in ('asked', 'expired')")
    op.execute("create index correction_case_id_idx on review.correction (case_id)")
    op.execute("create index correction_due_idx on review.correction (due_on) where state = 'asked'")
    op.execute("""
    create table review.pause (
      case_id uuid not null constraint pause_case_id_fkey references review."case" on delete cascade,
      began_at timestamptz not null,
      ended_at timestamptz,
      constraint pause_pkey primary key (case_id, began_at)
    )
    """)
    op.execute("create unique index pause_running_idx on review.pause (case_id) where ended_at is null")
