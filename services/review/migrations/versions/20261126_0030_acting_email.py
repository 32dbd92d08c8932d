"""The acting official says his own address (services/review/wall.py), as the one in his account may be sealed (docs/adr/0027).

Code of before this migration says none: what stands in the account is plain while it runs, and is looked at as before.
"""

from alembic import op

revision = "20261126_0030"
down_revision = "20261126_0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create function review.acting_email() returns text language sql stable as $$
      select coalesce(
        nullif(current_setting('madoguchi.acts_email', true), ''),
        (select lower(o.email) from identity.official o where o.account_id = (select review.acting()) limit 1))
    $$
    """)
    # As before (20261126_0026), but for where the official's own address comes from.
    op.execute("""
    alter policy wall on review."case" using (
      (select review.acts_as_house()) or (
        ("group" = any(array(
            select d."group" from identity.duty_of d where d.account_id = (select review.acting()) and d.procedure = '*'))
          or "group" || '/' || procedure_id = any(array(
            select d."group" || '/' || d.procedure from identity.duty_of d where d.account_id = (select review.acting()))))
        and case when contact ? '~' then
          coalesce(
            contact_hash <> (select review.acting_hash())
              and substring(contact_hash from 1 for 4) = (select substring(review.acting_hash() from 1 for 4)), false)
          else
            lower(contact ->> 'email') is distinct from (select review.acting_email())
          end
        and not (
          exists (select from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null)
          and review.parties(id, applicant, contact) && array(
            select k.party from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null))))
    """)
