"""Duties: what an official may do for a group, in one procedure or in all; and what he is skilled in.

Whoever is in a group today goes on doing what he did: examine, approve, and manage.
"""

from alembic import op

revision = "20261125_0009"
down_revision = "20261125_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table identity.membership add column skills text[] not null default '{}'")
    op.execute("""
    create table identity.duty (
      account_id uuid not null,
      "group" text not null,
      procedure text not null default '*',
      role text not null,
      constraint duty_pkey primary key (account_id, "group", procedure, role),
      constraint duty_account_id_fkey foreign key (account_id, "group") references identity.membership on delete cascade
    )
    """)
    op.execute("""create index duty_group_idx on identity.duty ("group")""")
    op.execute("""
    insert into identity.duty (account_id, "group", role)
    select m.account_id, m."group", r.role from identity.membership m
    cross join unnest(array['examiner', 'approver', 'manager']) as r (role)
    """)
    op.execute("""
    create view identity.duty_of as
    select d.account_id, d."group", d.procedure, d.role from identity.duty d join identity.account a on a.id = d.account_id
    where a.role = 'reviewer' and a.disabled_at is null
    """)
    op.execute("""
    create or replace view identity.official as
    select a.id as account_id, a.name, a.email, m."group", m.takes_cases, m.skills
    from identity.account a join identity.membership m on m.account_id = a.id
    where a.role = 'reviewer' and a.disabled_at is null
    """)
    op.execute("grant select on identity.duty_of to madoguchi_review")
    op.execute("grant select, insert, update, delete on identity.duty to madoguchi_operator")
    # What the provider says of a member of staff holds from this sign-in on: duties that it does not name any more end with it. A
    # service of before this migration says nothing of duties, and changes none.
    op.execute("""
    create or replace function identity.sign_in_at_provider(
      issuer_ text, sub_ text, claimed jsonb, mine bytea, session_hash bytea, provider_ text, expires timestamptz)
    returns text language plpgsql security definer set search_path = identity, pg_temp as $$
    declare answer text := sign_in_federated(issuer_, sub_, claimed, mine, session_hash, provider_, expires);
            holder uuid;
    begin
      if answer <> 'ok' then return answer; end if;
      select f.account_id into holder from federated f where f.issuer = issuer_ and f.sub = sub_;
      if claimed ->> 'role' = 'applicant' and (claimed ->> 'verified')::boolean then
        update organisation o set verified = true from account a
          where a.id = holder and o.id = a.organisation_id and not o.verified;
      end if;
      if claimed ->> 'role' = 'reviewer' and claimed ? 'duties' then
        delete from duty d where d.account_id = holder and not exists (
          select from jsonb_to_recordset(claimed -> 'duties') as s ("group" text, procedure text, role text)
          where s."group" = d."group" and s.procedure = d.procedure and s.role = d.role);
        insert into duty (account_id, "group", procedure, role)
          select holder, s."group", s.procedure, s.role
          from jsonb_to_recordset(claimed -> 'duties') as s ("group" text, procedure text, role text)
          on conflict do nothing;
      end if;
      return answer;
    end $$
    """)
