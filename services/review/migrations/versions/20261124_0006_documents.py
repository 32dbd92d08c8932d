"""Documents that are issued with a decision."""

from alembic import op

revision = "20261124_0006"
down_revision = "20261124_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence review.document_number_seq")
    op.execute("""
    create table review.document (
      id uuid constraint document_pkey primary key,
      case_id uuid not null constraint document_case_id_fkey references review."case" on delete cascade,
      number text not null constraint document_number_key unique,
      title text not null,
      text text not null,
      issued_at timestamptz not null,
      issued_by uuid not null,
      issued_by_name text not null,
      fetched_at timestamptz,
      fetched_by text,
      sha256 text
    )
    """)
    op.execute("create index document_case_id_idx on review.document (case_id)")
