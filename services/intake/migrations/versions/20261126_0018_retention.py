"""What was purged, when an application was made anonymous, and an index of those that came to their end."""

from alembic import op

revision = "20261126_0018"
down_revision = "20261125_0017"
branch_labels = None
depends_on = None

ENDED = "state in ('returned', 'withdrawn', 'approved', 'partly_approved', 'refused', 'accepted')"


def upgrade() -> None:
    op.execute("""
    create table if not exists intake.purged (
      application_id uuid constraint purged_pkey primary key,
      procedure_id text not null,
      became text not null constraint purged_became_check check (became in ('deleted', 'anonymised')),
      at timestamptz not null default now()
    )
    """)
    op.execute("alter table intake.application add column if not exists anonymised_at timestamptz")
    # Revisions are never changed nor deleted by the counter's role, except with their application, or of one that is anonymous.
    op.execute("""
    create or replace function intake.forget_revisions(applications uuid[]) returns void language sql security definer
    set search_path = intake, pg_temp as $$
      delete from revision r using application a
      where r.application_id = any(applications) and a.id = r.application_id and a.anonymised_at is not null
    $$
    """)
    op.execute("revoke execute on function intake.forget_revisions(uuid[]) from public")
    op.execute("grant execute on function intake.forget_revisions(uuid[]) to madoguchi_intake")
    with op.get_context().autocommit_block():
        op.execute(f"create index concurrently if not exists step_ended_idx on intake.step (at) where {ENDED}")
