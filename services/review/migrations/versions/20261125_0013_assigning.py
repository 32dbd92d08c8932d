"""Why a case lies with whom, conflicts of interest, and absences."""

from alembic import op

revision = "20261125_0013"
down_revision = "20261125_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""alter table review."case" add column assigned_because jsonb""")
    op.execute("""
    create table review.assignment (
      id uuid constraint assignment_pkey primary key,
      case_id uuid not null constraint assignment_case_id_fkey references review."case" on delete cascade,
      from_id uuid,
      from_name text not null,
      to_id uuid,
      to_name text not null,
      by_id uuid,
      by_name text not null,
      at timestamptz not null default now(),
      how text not null constraint assignment_how_check
        check (how in ('rules', 'taken', 'released', 'reassigned', 'handed-over', 'rebalanced', 'conflict')),
      note text not null,
      because jsonb not null
    )
    """)
    op.execute("create index assignment_case_id_id_idx on review.assignment (case_id, id)")
    op.execute("""
    create table review.conflict (
      id uuid constraint conflict_pkey primary key,
      account_id uuid not null,
      kind text not null constraint conflict_kind_check check (kind in ('corporate-number', 'organisation', 'case')),
      party text not null,
      reason text not null,
      declared_at timestamptz not null default now(),
      declared_by uuid not null,
      declared_by_name text not null,
      ended_at timestamptz,
      ended_by uuid
    )
    """)
    op.execute("create unique index conflict_open_idx on review.conflict (account_id, party) where ended_at is null")
    op.execute("""
    create table review.absence (
      id uuid constraint absence_pkey primary key,
      account_id uuid not null,
      starts_on date not null,
      ends_on date not null,
      deputy_id uuid,
      deputy_name text not null,
      noted_by uuid not null,
      noted_at timestamptz not null default now(),
      constraint absence_days_check check (ends_on >= starts_on),
      constraint absence_deputy_check check (deputy_id <> account_id)
    )
    """)
    op.execute("create index absence_account_id_ends_on_idx on review.absence (account_id, ends_on)")
    # Who is concerned by a case: the same as services/review/assignment/parties.py.
    op.execute("""
    create function review.parties(id uuid, applicant jsonb, contact jsonb) returns text[] language sql immutable as $$
      select array_remove(array[id::text, lower(contact ->> 'email'),
        applicant ->> 'organisation_id', applicant ->> 'corporate_number',
        applicant #>> '{agent,organisation_id}', applicant #>> '{agent,corporate_number}'], null)
    $$
    """)
