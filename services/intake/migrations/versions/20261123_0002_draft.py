"""Drafts: what an organisation has begun to write."""

from alembic import op

revision = "20261123_0002"
down_revision = "20261123_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.draft (
      id uuid constraint draft_pkey primary key,
      organisation_id uuid not null,
      procedure_id text not null,
      procedure_version bigint not null,
      answers jsonb not null,
      contact jsonb,
      mends jsonb not null,
      changes jsonb,
      seen jsonb not null,
      version bigint not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      updated_by uuid not null,
      updated_by_name text not null,
      held_by uuid,
      held_by_name text,
      held_until timestamptz,
      constraint draft_procedure_id_procedure_version_fkey foreign key (procedure_id, procedure_version)
        references intake.procedure (id, version)
    )
    """)
    op.execute("create index draft_organisation_id_id_idx on intake.draft (organisation_id, id)")
    op.execute("create index draft_procedure_id_procedure_version_idx on intake.draft (procedure_id, procedure_version)")
    op.execute("create index draft_updated_at_idx on intake.draft (updated_at)")
