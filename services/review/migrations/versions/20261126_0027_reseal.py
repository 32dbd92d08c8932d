"""What is sealed anew: revisions, never changed otherwise; cases, not to be found anew for it (docs/adr/0027)."""

from alembic import op

revision = "20261126_0027"
down_revision = "20261126_0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create function review.reseal_revision(of_case uuid, revised bigint, sealed jsonb, why text) returns void
    language sql security definer set search_path = review, pg_temp as $$
      update revision set answers = sealed, reason = why
      where case_id = of_case and number = revised and (sealed ? '~' or sealed = answers)
    $$
    """)
    op.execute("revoke execute on function review.reseal_revision(uuid, bigint, jsonb, text) from public")
    op.execute("grant execute on function review.reseal_revision(uuid, bigint, jsonb, text) to madoguchi_review")
    op.execute("""
    create or replace trigger case_changed after update of answers, applicant on review."case" for each row
      when ((old.answers is distinct from new.answers or old.applicant is distinct from new.applicant)
        and coalesce(current_setting('madoguchi.resealing', true), '') <> 'on')
      execute function review.find_changed()
    """)
