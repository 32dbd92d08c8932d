"""Corrections: what the desk asked to mend, and the contents that were sent in."""

from alembic import op

revision = "20261124_0009"
down_revision = "20261124_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table intake.application add column revision bigint not null default 1")
    op.execute("""
    create table intake.revision (
      application_id uuid not null constraint revision_application_id_fkey references intake.application on delete cascade,
      number bigint not null,
      correction_id uuid not null,
      answers jsonb not null,
      account_id uuid not null,
      account_name text not null,
      at timestamptz not null,
      constraint revision_pkey primary key (application_id, number)
    )
    """)
    # what was sent in is never changed
    op.execute("revoke update, delete on intake.revision from madoguchi_intake")
    op.execute("""
    create table intake.correction (
      id uuid constraint correction_pkey primary key,
      application_id uuid not null constraint correction_application_id_fkey references intake.application on delete cascade,
      items jsonb not null,
      note text not null,
      asked_at timestamptz not null,
      due_on date not null,
      state text not null constraint correction_state_check check (state in ('asked', 'answered', 'expired', 'closed')),
      entered jsonb,
      version bigint not null,
      entered_by_name text not null,
      revision bigint
    )
    """)
    op.execute("create index correction_application_id_idx on intake.correction (application_id)")
