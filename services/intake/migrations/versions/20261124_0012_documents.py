"""Documents that offices issued to applicants."""

from alembic import op

revision = "20261124_0012"
down_revision = "20261124_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.document (
      id uuid constraint document_pkey primary key,
      application_id uuid not null constraint document_application_id_fkey references intake.application on delete cascade,
      number text not null,
      title text not null,
      text text not null,
      addressee text not null,
      office text not null,
      issued_at timestamptz not null,
      available_at timestamptz not null default now(),
      content bytea,
      fetched_at timestamptz,
      fetched_by text
    )
    """)
    op.execute("create index document_application_id_idx on intake.document (application_id)")
