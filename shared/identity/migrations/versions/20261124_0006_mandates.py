"""Mandates (委任): an organisation lets another act for it, in some procedures or all, from a day to a day."""

from alembic import op

revision = "20261124_0006"
down_revision = "20261124_0005"
branch_labels = None
depends_on = None

DEFINER = "security definer set search_path = identity, pg_temp"


def upgrade() -> None:
    op.execute("""
    create table identity.mandate (
      id uuid constraint mandate_pkey primary key,
      principal_id uuid not null constraint mandate_principal_id_fkey references identity.organisation,
      agent_id uuid constraint mandate_agent_id_fkey references identity.organisation,
      agent_number text,
      agent_email text,
      procedures text[],
      rights text[] not null,
      starts_on date not null,
      ends_on date not null,
      created_at timestamptz not null default now(),
      accepted_at timestamptz,
      ended_at timestamptz,
      constraint mandate_agent_check check ((agent_number is null) <> (agent_email is null)),
      constraint mandate_rights_check check (rights <@ array['prepare', 'file', 'receive'] and cardinality(rights) > 0),
      constraint mandate_days_check check (ends_on >= starts_on),
      constraint mandate_accepted_check check ((agent_id is null) = (accepted_at is null))
    )
    """)
    for column in ("principal_id", "agent_id", "agent_number", "agent_email"):
        op.execute(f"create index mandate_{column}_idx on identity.mandate ({column})")
    # Offered to an organisation: by its verified corporate number, or by the address of somebody in it.
    op.execute(f"""
    create function identity.offered_to(m identity.mandate, organisation uuid) returns boolean
    language sql stable {DEFINER} as $$
      select m.accepted_at is null and m.principal_id <> organisation and (
        exists (select from organisation o where o.id = organisation and o.verified and o.corporate_number = m.agent_number)
        or exists (select from account a where a.organisation_id = organisation and a.email = m.agent_email
                   and a.disabled_at is null))
    $$
    """)
    op.execute(f"""
    create function identity.grant_mandate(
      proof bytea, mandate_ uuid, number_ text, address text, procedures_ text[], rights_ text[], starts date, ends date)
    returns text language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      if me.corporate_number = number_
        or exists (select from account a where a.organisation_id = me.organisation_id and a.email = address) then
        return 'self';
      end if;
      if (select count(*) from mandate m where m.principal_id = me.organisation_id and m.ended_at is null
          and m.ends_on >= (now() at time zone 'Asia/Tokyo')::date) >= 100
        or (select count(*) from mandate m where m.principal_id = me.organisation_id
            and m.created_at > now() - interval '1 day') >= 50
        or (select count(*) from mandate m where m.agent_email = address and m.created_at > now() - interval '1 day') >= 10
      then return 'many'; end if;
      insert into mandate (id, principal_id, agent_number, agent_email, procedures, rights, starts_on, ends_on)
        values (mandate_, me.organisation_id, number_, address, procedures_, rights_, starts, ends);
      return 'ok';
    end $$
    """)
    # Whom to write to about an offer: the owners of the organisation with that number, or the address.
    op.execute(f"""
    create function identity.mandate_contacts(proof bytea, mandate_ uuid) returns table (name text, email text, language text)
    language sql stable {DEFINER} as $$
      with wanted as (
        select m.* from proven(proof) me join mandate m on m.principal_id = me.organisation_id
        where m.id = mandate_ and m.accepted_at is null and me.rights = 'owner')
      (select a.name, a.email, a.language from wanted m
       join organisation o on o.verified and o.corporate_number = m.agent_number
       join account a on a.organisation_id = o.id and a.rights = 'owner' and a.disabled_at is null
       order by a.created_at limit 5)
      union all
      select coalesce(a.name, m.agent_email), m.agent_email, a.language
      from wanted m left join account a on a.email = m.agent_email where m.agent_email is not null
    $$
    """)
    # Both sides of a caller's organisation. What ended is shown for another year; an offer to it, to its owners.
    op.execute(f"""
    create function identity.mandates(proof bytea) returns table (
      id uuid, side text, principal_id uuid, principal_name text, principal_number text, agent_id uuid, agent_name text,
      agent_number text, agent_email text, procedures text[], rights text[], starts_on date, ends_on date,
      created_at timestamptz, accepted_at timestamptz, ended_at timestamptz)
    language sql stable {DEFINER} as $$
      select m.id, case when m.principal_id = me.organisation_id then 'given' else 'held' end,
        p.id, p.name, p.corporate_number, a.id, a.name, coalesce(a.corporate_number, m.agent_number), m.agent_email,
        m.procedures, m.rights, m.starts_on, m.ends_on, m.created_at, m.accepted_at, m.ended_at
      from proven(proof) me
      join mandate m on m.principal_id = me.organisation_id or m.agent_id = me.organisation_id
        or (me.rights = 'owner' and offered_to(m, me.organisation_id))
      join organisation p on p.id = m.principal_id left join organisation a on a.id = m.agent_id
      where me.role = 'applicant' and (m.ended_at is null or m.ended_at > now() - interval '1 year')
        and not (m.ended_at is not null and m.accepted_at is null)
      order by m.created_at desc, m.id limit 500
    $$
    """)
    op.execute(f"""
    create function identity.accept_mandate(proof bytea, mandate_ uuid) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof); wanted mandate;
    begin
      if me.account_id is null then return 'forbidden'; end if;
      select m.* into wanted from mandate m where m.id = mandate_ and m.ended_at is null for update;
      if wanted.id is null then return 'missing'; end if;
      if wanted.agent_id = me.organisation_id then return 'ok'; end if;
      if not offered_to(wanted, me.organisation_id) then return 'missing'; end if;
      update mandate set agent_id = me.organisation_id, accepted_at = now() where id = mandate_;
      return 'ok';
    end $$
    """)
    op.execute(f"""
    create function identity.end_mandate(proof bytea, mandate_ uuid) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      update mandate m set ended_at = now() where m.id = mandate_ and m.ended_at is null
        and (m.principal_id = me.organisation_id or m.agent_id = me.organisation_id or offered_to(m, me.organisation_id));
      return case when found then 'ok' else 'missing' end;
    end $$
    """)
    # What an organisation holds, with what a service needs to act for its principals, or to say why not.
    op.execute(f"""
    create function identity.mandates_held(agent uuid) returns table (
      principal_id uuid, name text, kind text, corporate_number text, verified boolean,
      procedures text[], rights text[], starts_on date, ends_on date, in_force boolean)
    language sql stable {DEFINER} as $$
      select p.id, p.name, p.kind, p.corporate_number, p.verified, m.procedures, m.rights, m.starts_on, m.ends_on,
        m.ended_at is null and (now() at time zone 'Asia/Tokyo')::date between m.starts_on and m.ends_on
      from mandate m join organisation p on p.id = m.principal_id
      where m.agent_id = agent order by m.created_at desc limit 1000
    $$
    """)
    op.execute("revoke execute on function identity.offered_to(identity.mandate, uuid) from public")
    for function in (
        "grant_mandate(bytea, uuid, text, text, text[], text[], date, date)",
        "mandate_contacts(bytea, uuid)",
        "mandates(bytea)",
        "accept_mandate(bytea, uuid)",
        "end_mandate(bytea, uuid)",
        "mandates_held(uuid)",
    ):
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to madoguchi_intake")
    op.execute("grant select, insert, update, delete on identity.mandate to madoguchi_operator")
