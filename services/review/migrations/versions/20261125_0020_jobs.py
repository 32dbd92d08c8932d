"""Saved views, and work in bulk."""

from alembic import op

revision = "20261125_0020"
down_revision = "20261125_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.saved_view (
      id uuid constraint saved_view_pkey primary key,
      owner_id uuid not null,
      owner_name text not null,
      "group" text,
      name text not null,
      filter jsonb not null,
      sort text not null,
      at timestamptz not null
    )
    """)
    op.execute("create index saved_view_owner_id_idx on review.saved_view (owner_id)")
    op.execute("""create index saved_view_group_idx on review.saved_view ("group") where "group" is not null""")
    op.execute("""
    create table review.job (
      id uuid constraint job_pkey primary key,
      kind text not null constraint job_kind_check check (kind in ('assign', 'decide', 'export')),
      state text not null constraint job_state_check
        check (state in ('previewing', 'ready', 'running', 'done', 'cancelled', 'failed')),
      asked_by uuid not null,
      asked_by_name text not null,
      language text not null,
      wanted jsonb not null,
      total bigint not null,
      done bigint not null,
      last_case_id uuid,
      attempts bigint not null,
      made_at timestamptz not null,
      worked_at timestamptz not null,
      ended_at timestamptz
    )
    """)
    op.execute("create index job_asked_by_id_idx on review.job (asked_by, id)")
    op.execute("create index job_waiting_idx on review.job (worked_at) where state in ('previewing', 'running')")
    op.execute("""
    create table review.job_item (
      job_id uuid not null constraint job_item_job_id_fkey references review.job on delete cascade,
      number bigint not null,
      case_id uuid not null,
      state text not null constraint job_item_state_check check (state in ('waiting', 'can', 'cannot', 'done', 'failed')),
      seen jsonb not null,
      says text not null,
      says_with jsonb not null,
      constraint job_item_pkey primary key (job_id, number)
    )
    """)
    op.execute("create index job_item_job_id_state_number_idx on review.job_item (job_id, state, number)")
    op.execute("""
    create table review.job_file (
      job_id uuid not null constraint job_file_job_id_fkey references review.job on delete cascade,
      number bigint not null,
      name text not null,
      media_type text not null,
      size bigint not null,
      sha256 text not null,
      cases bigint not null,
      scope jsonb not null,
      kept_until timestamptz not null,
      constraint job_file_pkey primary key (job_id, number)
    )
    """)
    op.execute("create index job_file_kept_until_idx on review.job_file (kept_until)")
