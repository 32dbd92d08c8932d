"""Notices for organisations, and who has read them."""

from alembic import op

revision = "20261124_0011"
down_revision = "20261124_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.notice (
      id uuid constraint notice_pkey primary key,
      organisation_id uuid not null,
      application_id uuid not null constraint notice_application_id_fkey references intake.application on delete cascade,
      kind text not null,
      at timestamptz not null
    )
    """)
    op.execute("create index notice_organisation_id_id_idx on intake.notice (organisation_id, id)")
    op.execute("create index notice_application_id_idx on intake.notice (application_id)")
    op.execute("""
    create table intake.notice_read (
      account_id uuid not null,
      notice_id uuid not null constraint notice_read_notice_id_fkey references intake.notice on delete cascade,
      at timestamptz not null default now(),
      constraint notice_read_pkey primary key (account_id, notice_id)
    )
    """)
    op.execute("create index notice_read_notice_id_idx on intake.notice_read (notice_id)")
