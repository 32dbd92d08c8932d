"""Opinions, and files that are sent about a case."""

from alembic import op

revision = "20261125_0009"
down_revision = "20261125_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.file (
      id uuid constraint file_pkey primary key,
      case_id uuid not null constraint file_case_id_fkey references review."case" on delete cascade,
      sender_id uuid not null,
      owner_id uuid,
      name text not null,
      type text not null,
      size bigint not null,
      sha256 bytea not null,
      state text not null
        constraint file_state_check check (state in ('arriving', 'waiting', 'clean', 'infected', 'failed', 'leaving')),
      detail text not null,
      attempts bigint not null,
      due timestamptz not null,
      created_at timestamptz not null
    )
    """)
    op.execute("create index file_case_id_idx on review.file (case_id)")
    op.execute("create index file_owner_id_idx on review.file (owner_id)")
    op.execute("create index file_due_idx on review.file (due) where state = 'waiting'")
    op.execute("""
    create table review.opinion (
      id uuid constraint opinion_pkey primary key,
      case_id uuid not null constraint opinion_case_id_fkey references review."case" on delete cascade,
      account_id uuid,
      name text not null,
      email text not null,
      language text not null,
      question text not null,
      fields jsonb not null,
      attachments jsonb not null,
      with_contact boolean not null,
      revision bigint not null,
      due_on date not null,
      asked_at timestamptz not null,
      asked_by uuid not null,
      asked_by_name text not null,
      state text not null
        constraint opinion_state_check check (state in ('asked', 'answered', 'withdrawn', 'expired', 'closed')),
      version bigint not null,
      reminded_at timestamptz,
      answer text not null,
      answered_at timestamptz,
      earlier jsonb not null
    )
    """)
    op.execute("create index opinion_case_id_idx on review.opinion (case_id)")
    op.execute("create index opinion_inside_idx on review.opinion (account_id) where account_id is not null")
    op.execute("create index opinion_due_idx on review.opinion (due_on) where state = 'asked'")
