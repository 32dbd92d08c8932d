"""Procedures, applications and their timeline."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence intake.receipt_number_seq")
    op.execute("create sequence intake.arrival_number_seq")
    op.execute("""
    create table intake.procedure (
      id text not null,
      version bigint not null,
      definition jsonb not null,
      digest bytea not null,
      published_at timestamptz not null default now(),
      constraint procedure_pkey primary key (id, version)
    )
    """)
    op.execute("""
    create table intake.application (
      id uuid constraint application_pkey primary key,
      organisation_id uuid not null,
      account_id uuid not null,
      procedure_id text not null,
      procedure_version bigint not null,
      applicant jsonb not null,
      contact jsonb not null,
      answers jsonb not null,
      state text not null,
      version bigint not null,
      receipt_number text not null constraint application_receipt_number_key unique,
      arrival_number text constraint application_arrival_number_key unique,
      filed_at timestamptz not null,
      idempotency_key text,
      digest bytea not null,
      constraint application_organisation_id_idempotency_key_key unique (organisation_id, idempotency_key),
      constraint application_procedure_id_procedure_version_fkey foreign key (procedure_id, procedure_version)
        references intake.procedure (id, version)
    ) with (fillfactor = 90)
    """)
    op.execute("create index application_organisation_id_id_idx on intake.application (organisation_id, id)")
    op.execute("""
    create index application_procedure_id_procedure_version_idx on intake.application (procedure_id, procedure_version)
    """)
    op.execute("""
    create table intake.step (
      application_id uuid not null constraint step_application_id_fkey references intake.application on delete cascade,
      version bigint not null,
      state text not null,
      at timestamptz not null default now(),
      detail jsonb not null,
      constraint step_pkey primary key (application_id, version)
    )
    """)
