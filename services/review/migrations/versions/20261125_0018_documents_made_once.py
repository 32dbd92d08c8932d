"""Documents are made by the desk, once: what they say, the bytes they are, and how they end."""

from alembic import op

revision = "20261125_0018"
down_revision = "20261125_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    alter table review.document
      add column procedure_id text not null default '',
      add column template text not null default 'letter',
      add column data jsonb,
      add column code text,
      -- the old code tells one event of each
      add column version bigint not null default 1,
      add column attempts bigint not null default 0,
      add column next_attempt_at timestamptz not null default now(),
      add column failure text not null default '',
      add column made_at timestamptz,
      add column key text,
      add column size bigint,
      add column reminded_at timestamptz,
      add column paper_due_at timestamptz,
      add column paper_sent_at timestamptz,
      add column paper_sent_by text,
      add column replaces uuid,
      add column replaced_by uuid,
      add column ended_at timestamptz,
      add column ended_by uuid,
      add column ended_by_name text,
      add column end_reason text not null default ''
    """)
    op.execute("""
    update review.document d set procedure_id = c.procedure_id from review."case" c where c.id = d.case_id
    """)
    # One number a procedure from now on; those of the old code stay different from one another by its sequence.
    op.execute("""
    -- squawk-ignore ban-drop-constraint
    alter table review.document drop constraint document_number_key
    """)
    # The table is small yet: a document was a text that somebody wrote by hand, so its writers wait for a moment only.
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create unique index document_procedure_id_number_idx on review.document (procedure_id, number)
    """)
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create unique index document_code_key on review.document (code)
    """)
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create index document_sha256_idx on review.document (sha256)
    """)
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create index document_waiting_idx on review.document (next_attempt_at) where made_at is null
    """)
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create index document_unfetched_idx on review.document (made_at)
      where fetched_at is null and ended_at is null and paper_due_at is null
    """)
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create index document_paper_idx on review.document (paper_due_at)
      where paper_due_at is not null and paper_sent_at is null
    """)
    op.execute("""
    create table review.document_serial (
      procedure_id text not null,
      fiscal_year bigint not null,
      last bigint not null,
      constraint document_serial_pkey primary key (procedure_id, fiscal_year)
    )
    """)
