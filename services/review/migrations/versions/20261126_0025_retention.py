"""What was purged, when a case was made anonymous, what is to be deleted in the storage, and the oldest part of the trace."""

from alembic import op

revision = "20261126_0025"
down_revision = "20261125_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table if not exists review.purged (
      case_id uuid constraint purged_pkey primary key,
      application_id uuid not null constraint purged_application_id_key unique,
      procedure_id text not null,
      became text not null constraint purged_became_check check (became in ('deleted', 'anonymised')),
      at timestamptz not null default now()
    )
    """)
    op.execute("""
    create table if not exists review.leaving (
      key text constraint leaving_pkey primary key,
      at timestamptz not null default now()
    )
    """)
    op.execute('alter table review."case" add column if not exists anonymised_at timestamptz')
    # Revisions are never changed nor deleted by the desk's role, except with their case, or of one that is anonymous.
    op.execute("""
    create or replace function review.forget_revisions(cases uuid[]) returns void language sql security definer
    set search_path = review, pg_temp as $$
      delete from revision r using "case" c where r.case_id = any(cases) and c.id = r.case_id and c.anonymised_at is not null
    $$
    """)
    # The trace is only added to; its entries go after ten years, and whoever asks for it, none goes before.
    op.execute("""
    create or replace function review.forget_entries(seqs bigint[]) returns bigint language sql security definer
    set search_path = review, pg_temp as $$
      with gone as (
        delete from audit_entry e using audit_link l
        where l.seq = any(seqs) and e.id = l.entry_id and e.at < now() - interval '10 years' returning e.id)
      select count(*) from gone
    $$
    """)
    for function in ("forget_revisions(uuid[])", "forget_entries(bigint[])"):
        op.execute(f"revoke execute on function review.{function} from public")
        op.execute(f"grant execute on function review.{function} to madoguchi_review")
    with op.get_context().autocommit_block():
        op.execute("""
        create index concurrently if not exists case_ended_idx on review."case" (coalesce(decided_at, withdrawn_at))
        where state in ('decided', 'withdrawn') and anonymised_at is null
        """)
        op.execute("create index concurrently if not exists audit_entry_at_idx on review.audit_entry using brin (at)")
