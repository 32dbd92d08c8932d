"""The second wall: PostgreSQL itself shows an official only the cases he may see, and nothing to who does not say who acts.

The condition is that of services/review/cases/rights.py. A transaction says who acts by the setting madoguchi.acts: an account's
id, or `house` (services/review/wall.py). Code of before this migration says nothing and finds no cases any more, so it is to be
stopped first (docs/adr/0016).
"""

from alembic import op

revision = "20261125_0019"
down_revision = "20261125_0018"
branch_labels = None
depends_on = None

# What belongs to a case and tells of it. (review.finding_grams is no text and would lose its index; the trace outlives cases.)
OF_CASE = (
    "revision",
    "correction",
    "pause",
    "message",
    "document",
    "step",
    "judgement",
    "score_sheet",
    "proposal",
    "proposal_comment",
    "file",
    "assignment",
    "finding",
    "note",
)


def upgrade() -> None:
    op.execute("""
    create function review.acts_as_house() returns boolean language sql stable as $$
      select coalesce(current_setting('madoguchi.acts', true), '') = 'house'
    $$
    """)
    op.execute("""
    create function review.acting() returns uuid language sql stable as $$
      select case when current_setting('madoguchi.acts', true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        then current_setting('madoguchi.acts', true)::uuid end
    $$
    """)
    # How much an official has to do, whoever asks: cases that the one who shares out may not see weigh as much.
    op.execute("""
    create function review.load_of(official uuid) returns bigint
    language sql stable security definer set search_path = review, pg_temp as $$
      select count(*) from "case" c where c.official_id = official and c.state = 'open'
    $$
    """)
    op.execute("revoke execute on function review.load_of(uuid) from public")
    op.execute("grant execute on function review.load_of(uuid) to madoguchi_review")
    # Each part in brackets after `array` or `select` is asked once for a query, not once for a case.
    op.execute("""
    create policy wall on review."case" using (
      (select review.acts_as_house()) or (
        ("group" = any(array(
            select d."group" from identity.duty_of d where d.account_id = (select review.acting()) and d.procedure = '*'))
          or "group" || '/' || procedure_id = any(array(
            select d."group" || '/' || d.procedure from identity.duty_of d where d.account_id = (select review.acting()))))
        and lower(contact ->> 'email') is distinct from
          (select lower(o.email) from identity.official o where o.account_id = (select review.acting()) limit 1)
        and not (
          exists (select from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null)
          and review.parties(id, applicant, contact) && array(
            select k.party from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null))))
    """)
    op.execute('alter table review."case" enable row level security')
    for table in OF_CASE:
        op.execute(f"""
        create policy wall on review.{table} using (
          (select review.acts_as_house()) or exists (select from review."case" c where c.id = case_id))
        """)
        op.execute(f"alter table review.{table} enable row level security")
    op.execute("""
    create policy wall on review.opinion using (
      (select review.acts_as_house()) or account_id = (select review.acting())
      or exists (select from review."case" c where c.id = case_id))
    """)
    op.execute("alter table review.opinion enable row level security")
