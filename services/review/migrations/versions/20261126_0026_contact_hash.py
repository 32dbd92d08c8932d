"""Whose a case is, beside its contact: that may be sealed, and who applies himself must not see his case (docs/adr/0027).

What is not sealed is compared as before, so code of before this migration goes on seeing what it saw.
"""

from alembic import op

revision = "20261126_0026"
down_revision = "20261126_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('alter table review."case" add column contact_hash bytea')
    # The hash of the acting official's own address (services/review/wall.py); null where nobody said it.
    op.execute("""
    create function review.acting_hash() returns bytea language sql stable as $$
      select case when current_setting('madoguchi.acts_hash', true) ~ '^([0-9a-f]{2})+$'
        then decode(current_setting('madoguchi.acts_hash', true), 'hex') end
    $$
    """)
    # A sealed contact of which nothing is known, or that was hashed with another key, may be the official's: it is not shown.
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
            lower(contact ->> 'email') is distinct from
              (select lower(o.email) from identity.official o where o.account_id = (select review.acting()) limit 1)
          end
        and not (
          exists (select from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null)
          and review.parties(id, applicant, contact) && array(
            select k.party from review.conflict k where k.account_id = (select review.acting()) and k.ended_at is null))))
    """)
