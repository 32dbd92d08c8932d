"""Internal notes on cases, and who is mentioned in them."""

from alembic import op

revision = "20261125_0015"
down_revision = "20261125_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.note (
      id uuid constraint note_pkey primary key,
      case_id uuid not null constraint note_case_id_fkey references review."case" on delete cascade,
      author_id uuid not null,
      author text not null,
      text text not null,
      at timestamptz not null,
      edited_at timestamptz,
      deleted_at timestamptz,
      version bigint not null
    )
    """)
    op.execute("create index note_case_id_idx on review.note (case_id, id)")
    op.execute("""
    create table review.mention (
      note_id uuid not null constraint mention_note_id_fkey references review.note on delete cascade,
      account_id uuid not null,
      name text not null,
      read_at timestamptz,
      constraint mention_pkey primary key (note_id, account_id)
    )
    """)
    op.execute("create index mention_unread_idx on review.mention (account_id) where read_at is null")
