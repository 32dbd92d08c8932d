"""Messages between applicant and office."""

from alembic import op

revision = "20261124_0005"
down_revision = "20261124_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.message (
      id uuid constraint message_pkey primary key,
      case_id uuid not null constraint message_case_id_fkey references review."case" on delete cascade,
      from_office boolean not null,
      author text not null,
      text text not null,
      at timestamptz not null,
      read_at timestamptz
    )
    """)
    op.execute("create index message_case_id_at_idx on review.message (case_id, at)")
