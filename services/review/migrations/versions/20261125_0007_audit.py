"""The trace of views and acts, its chain, and what waits to be sealed (docs/adr/0015)."""

from alembic import op

revision = "20261125_0007"
down_revision = "20261124_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.audit_entry (
      id bigint generated always as identity constraint audit_entry_pkey primary key,
      at timestamptz not null default now(),
      account_id uuid,
      account_name text not null,
      duty text not null,
      act text not null,
      case_id uuid,
      details jsonb not null,
      traceparent text
    )
    """)
    op.execute("create index audit_entry_case_id_at_idx on review.audit_entry (case_id, at)")
    op.execute("create index audit_entry_account_id_at_idx on review.audit_entry (account_id, at)")
    op.execute("""
    create table review.audit_link (
      seq bigint constraint audit_link_pkey primary key,
      entry_id bigint not null constraint audit_link_entry_id_key unique,
      digest bytea not null,
      hash bytea not null,
      sealed_at timestamptz not null default now()
    )
    """)
    op.execute("create table review.audit_waiting (entry_id bigint constraint audit_waiting_pkey primary key)")
    # The default privileges of the schema gave more. Neither number nor time of an entry is the desk's to choose.
    op.execute("revoke all on review.audit_entry, review.audit_link, review.audit_waiting from madoguchi_review")
    op.execute(
        "grant select on review.audit_entry, review.audit_link, review.audit_waiting to madoguchi_review, madoguchi_operator"
    )
    op.execute("""
    grant insert (account_id, account_name, duty, act, case_id, details, traceparent) on review.audit_entry to madoguchi_review
    """)
    op.execute("grant insert (seq, entry_id, digest, hash) on review.audit_link to madoguchi_review")
    op.execute("grant insert, delete on review.audit_waiting to madoguchi_review")
