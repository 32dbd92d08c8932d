"""Trials: a procedure's unpublished version, tried with test filings that reach nobody."""

from alembic import op

revision = "20261124_0007"
down_revision = "20261124_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence intake.trial_version_seq")
    op.execute("""
    create table intake.trial (
      procedure_id text constraint trial_pkey primary key,
      id uuid not null constraint trial_id_key unique,
      version bigint not null constraint trial_version_check check (version < 0),
      ends_at timestamptz not null,
      constraint trial_procedure_id_version_fkey foreign key (procedure_id, version) references intake.procedure (id, version)
    )
    """)
    op.execute("""
    create table intake.trial_filing (
      id uuid constraint trial_filing_pkey primary key,
      organisation_id uuid not null,
      account_id uuid not null,
      procedure_id text not null,
      procedure_version bigint not null constraint trial_filing_procedure_version_check check (procedure_version < 0),
      number text not null,
      answers jsonb not null,
      warnings jsonb not null,
      office text not null,
      filed_at timestamptz not null,
      constraint trial_filing_procedure_id_procedure_version_fkey foreign key (procedure_id, procedure_version)
        references intake.procedure (id, version)
    )
    """)
    op.execute("create index trial_filing_organisation_id_id_idx on intake.trial_filing (organisation_id, id)")
    op.execute("""
    create index trial_filing_procedure_id_procedure_version_idx on intake.trial_filing (procedure_id, procedure_version)
    """)
    # An application never belongs to a trial, whatever a program does.
    op.execute("""
    alter table intake.application
      add constraint application_procedure_version_check check (procedure_version > 0) not valid
    """)
