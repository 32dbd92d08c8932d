"""Messages between applicant and office."""

from alembic import op

revision = "20261124_0010"
down_revision = "20261124_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.message (
      id uuid constraint message_pkey primary key,
      application_id uuid not null constraint message_application_id_fkey references intake.application on delete cascade,
      from_office boolean not null,
      author text not null,
      text text not null,
      at timestamptz not null,
      read_at timestamptz
    )
    """)
    op.execute("create index message_application_id_at_idx on intake.message (application_id, at)")
