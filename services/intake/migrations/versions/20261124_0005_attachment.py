"""Attachments, and which of them belong to which application."""

from alembic import op

revision = "20261124_0005"
down_revision = "20261124_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.attachment (
      id uuid constraint attachment_pkey primary key,
      organisation_id uuid not null,
      account_id uuid not null,
      name text not null,
      type text not null,
      size bigint not null,
      sha256 bytea not null,
      state text not null constraint attachment_state_check
        check (state in ('arriving', 'waiting', 'clean', 'infected', 'failed', 'leaving')),
      detail text not null,
      attempts bigint not null,
      due timestamptz not null,
      created_at timestamptz not null,
      expires_at timestamptz not null
    )
    """)
    op.execute("create index attachment_organisation_id_id_idx on intake.attachment (organisation_id, id)")
    op.execute("create index attachment_expires_at_idx on intake.attachment (expires_at)")
    op.execute("create index attachment_due_idx on intake.attachment (due) where state = 'waiting'")
    op.execute("""
    create table intake.enclosure (
      application_id uuid not null constraint enclosure_application_id_fkey references intake.application on delete cascade,
      attachment_id uuid not null constraint enclosure_attachment_id_fkey references intake.attachment,
      constraint enclosure_pkey primary key (application_id, attachment_id)
    )
    """)
    op.execute("create index enclosure_attachment_id_idx on intake.enclosure (attachment_id)")
