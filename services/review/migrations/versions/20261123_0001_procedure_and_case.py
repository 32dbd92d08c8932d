"""Cases, and the procedures they follow."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.procedure (
      id text not null,
      version bigint not null,
      definition jsonb not null,
      constraint procedure_pkey primary key (id, version)
    )
    """)
    op.execute("""
    create table review."case" (
      id uuid constraint case_pkey primary key,
      application_id uuid not null constraint case_application_id_key unique,
      procedure_id text not null,
      procedure_version bigint not null,
      receipt_number text not null,
      arrival_number text not null,
      arrived_at timestamptz not null,
      applicant jsonb not null,
      contact jsonb not null,
      answers jsonb not null,
      "group" text not null,
      official_id uuid,
      official_name text not null,
      state text not null constraint case_state_check check (state in ('open', 'decided')),
      version bigint not null,
      opened_at timestamptz not null default now(),
      decision text,
      reasons text not null,
      decided_by uuid,
      decided_at timestamptz,
      constraint case_decided_check
        check ((state = 'decided') = (decision is not null and decided_at is not null and decided_by is not null))
    )
    """)
    op.execute("""create index case_group_id_idx on review."case" ("group", id)""")
    op.execute("""create index case_load_idx on review."case" (official_id) where state = 'open'""")
