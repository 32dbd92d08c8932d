"""Names and addresses may be sealed (docs/adr/0027): beside each address stands a keyed hash that it is found by.

What is plain is found as before, so functions take both. Those that the code of before calls stay as they are where they take an
address: they know plain ones alone, which is all there is while that code runs. Sealed addresses go between tables as they are.
"""

from alembic import op

revision = "20261126_0017"
down_revision = "20261126_0016"
branch_labels = None
depends_on = None

DEFINER = "security definer set search_path = identity, pg_temp"
# What the counter's worker seals anew, with the primary key.
SEALED = {
    "account": "id, email, email_hash, name, profile",
    "invitation": "id, email, email_hash",
    "registration": "id, email, email_hash",
    "mandate": "id, agent_email, agent_email_hash",
}


def upgrade() -> None:
    for table in ("account", "invitation", "registration"):
        op.execute(f"alter table identity.{table} add column email_hash bytea")
    op.execute("alter table identity.mandate add column agent_email_hash bytea")
    op.execute("""
    create or replace view identity.official as
    select a.id as account_id, a.name, a.email, m."group", m.takes_cases, m.skills, a.email_hash
    from identity.account a join identity.membership m on m.account_id = a.id
    where a.role = 'reviewer' and a.disabled_at is null
    """)
    op.execute("""
    create function identity.known_by(hash bytea, address text) returns setof identity.account
    language sql stable set search_path = identity, pg_temp as $$
      select a.* from account a where a.email_hash = hash or a.email = address
    $$
    """)
    op.execute("revoke execute on function identity.known_by(bytea, text) from public")
    _one_key()
    _signing_in()
    _registrations()
    _invitations()
    _mandates()
    _providers()
    for table, columns in SEALED.items():
        changed = columns.removeprefix("id, ")
        op.execute(f"grant select ({columns}), update ({changed}) on identity.{table} to madoguchi_intake")


def _counter(function: str) -> None:
    op.execute(f"revoke execute on function identity.{function} from public")
    op.execute(f"grant execute on function identity.{function} to madoguchi_intake")


def _one_key() -> None:
    # After another MADOGUCHI_SECRET_KEY nobody is found by his hash until the errand has made it anew. Who signed up for an
    # address meanwhile would have a second account.
    op.execute(f"""
    create function identity.one_key() returns trigger language plpgsql {DEFINER} as $$
    declare mark bytea := substring(new.email_hash from 1 for 4);
    begin
      if exists (select from account a where left(a.email, 1) = '~' and a.email_hash < mark)
        or exists (select from account a where left(a.email, 1) = '~' and a.email_hash > mark || decode(repeat('ff', 17), 'hex'))
      then
        raise exception 'addresses are being hashed anew, with another MADOGUCHI_SECRET_KEY' using errcode = '55000';
      end if;
      return new;
    end $$
    """)
    op.execute("""
    create trigger one_key before insert on identity.account for each row when (new.email_hash is not null)
    execute function identity.one_key()
    """)


def _signing_in() -> None:
    op.execute(f"""
    create function identity.request_link(hash bytea, address text, roles text[], link uuid, expires timestamptz)
    returns table (name text, email text, language text)
    language plpgsql {DEFINER} as $$
    declare found account;
    begin
      select a.* into found from known_by(hash, address) a where a.role = any(roles) and a.disabled_at is null;
      if found.id is null then return; end if;
      perform pg_advisory_xact_lock(hashtextextended(found.id::text, 0));
      if (select count(*) from sign_in_link l
          where l.account_id = found.id and l.created_at > now() - interval '1 hour') >= 5 then return; end if;
      insert into sign_in_link (id, account_id, expires_at) values (link, found.id, least(expires, now() + interval '1 hour'));
      return query select found.name, found.email, found.language;
    end $$
    """)
    _counter("request_link(bytea, text, text[], uuid, timestamptz)")


def _registrations() -> None:
    op.execute(f"""
    create function identity.request_registration(link uuid, hash bytea, address text, sealed text, expires timestamptz)
    returns boolean language plpgsql {DEFINER} as $$
    begin
      perform pg_advisory_xact_lock(hashtextextended('registration ' || hash::text, 0));
      delete from registration where created_at < now() - interval '7 days';
      if exists (select from known_by(hash, address)) or (
        select count(*) from registration r
        where (r.email_hash = hash or r.email = address) and r.created_at > now() - interval '1 hour') >= 3
      then return false; end if;
      insert into registration (id, email, email_hash, expires_at)
        values (link, sealed, hash, least(expires, now() + interval '2 days'));
      return true;
    end $$
    """)
    _counter("request_registration(uuid, bytea, text, text, timestamptz)")
    op.execute(f"""
    create or replace function identity.registration(link uuid) returns text
    language sql stable {DEFINER} as $$
      select r.email from registration r where r.id = link and r.used_at is null and r.expires_at > now()
        and not exists (select from known_by(r.email_hash, r.email))
    $$
    """)
    op.execute(f"""
    create or replace function identity.register(link uuid, entered jsonb, session_hash bytea, expires timestamptz) returns text
    language plpgsql {DEFINER} as $$
    declare wanted registration; organisation_ uuid := (entered ->> 'organisation_id')::uuid;
            account_ uuid := (entered ->> 'account_id')::uuid;
    begin
      update registration r set used_at = now() where r.id = link and r.used_at is null and r.expires_at > now()
        returning r.* into wanted;
      if wanted.id is null or exists (select from known_by(wanted.email_hash, wanted.email)) then return 'gone'; end if;
      insert into organisation (id, name, kind, claimed_number, verified)
        values (organisation_, entered ->> 'organisation', entered ->> 'kind', entered ->> 'corporate_number', false);
      insert into account (id, email, email_hash, name, role, language, organisation_id, rights)
        values (account_, wanted.email, wanted.email_hash, entered ->> 'name', 'applicant', entered ->> 'language', organisation_,
                'owner');
      insert into session (hash, account_id, expires_at)
        values (session_hash, account_, least(expires, now() + interval '1 day'));
      return 'ok';
    end $$
    """)


def _invitations() -> None:
    op.execute(f"""
    create function identity.invite(
      proof bytea, invitation_ uuid, hash bytea, address text, sealed text, rights_ text, expires timestamptz)
    returns text language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      if exists (select from known_by(hash, address) a where a.organisation_id = me.organisation_id and a.disabled_at is null)
      then return 'member'; end if;
      update invitation i set ended_at = now()
        where i.organisation_id = me.organisation_id and (i.email_hash = hash or i.email = address) and i.ended_at is null;
      if (select count(*) from account a where a.organisation_id = me.organisation_id and a.disabled_at is null) >= 200
        or (select count(*) from invitation i where i.organisation_id = me.organisation_id
            and i.ended_at is null and i.expires_at > now()) >= 20
        or (select count(*) from invitation i where i.organisation_id = me.organisation_id
            and i.created_at > now() - interval '1 day') >= 50
        or (select count(*) from invitation i
            where (i.email_hash = hash or i.email = address) and i.created_at > now() - interval '1 day') >= 3
      then return 'many'; end if;
      insert into invitation (id, organisation_id, email, email_hash, rights, invited_by, expires_at)
        values (invitation_, me.organisation_id, sealed, hash, rights_, me.account_id,
                least(expires, now() + interval '14 days'));
      return 'ok';
    end $$
    """)
    _counter("invite(bytea, uuid, bytea, text, text, text, timestamptz)")
    op.execute(f"""
    create or replace function identity.invitation(link uuid)
    returns table (organisation_name text, email text, rights text, known boolean)
    language sql stable {DEFINER} as $$
      select o.name, i.email, i.rights, exists (select from known_by(i.email_hash, i.email))
      from invitation i join organisation o on o.id = i.organisation_id
      where i.id = link and i.ended_at is null and i.expires_at > now()
    $$
    """)
    # As before (20261124_0005). Hash and address are the invitation's own, which the caller read: its account may be plain still.
    op.execute(f"""
    create function identity.accept_invitation(
      link uuid, address_hash bytea, address text, account_ uuid, name_ text, language_ text, session_hash bytea,
      expires timestamptz)
    returns text language plpgsql {DEFINER} as $$
    declare wanted invitation; holder account;
    begin
      select i.* into wanted from invitation i where i.id = link and i.ended_at is null and i.expires_at > now()
        and (i.email_hash = address_hash or i.email = address) for update;
      if wanted.id is null then return 'gone'; end if;
      if not exists (select from known_by(address_hash, address)) then
        insert into account (id, email, email_hash, name, role, language, organisation_id, rights)
          values (account_, wanted.email, address_hash, name_, 'applicant', language_, wanted.organisation_id, wanted.rights)
          on conflict do nothing;
      end if;
      select a.* into holder from account a where a.email_hash = address_hash or a.email = address for update;
      if holder.id <> account_ then
        if holder.role <> 'applicant' or (holder.disabled_at is not null and holder.removed_by is null)
          or (holder.disabled_at is null and holder.organisation_id <> wanted.organisation_id) then return 'elsewhere'; end if;
        if holder.disabled_at is not null then
          if holder.organisation_id <> wanted.organisation_id then
            delete from federated f where f.account_id = holder.id;
          end if;
          update account set disabled_at = null, removed_by = null, organisation_id = wanted.organisation_id,
            rights = wanted.rights, name = name_, language = language_ where id = holder.id;
        end if;
      end if;
      update invitation set ended_at = now() where id = link;
      insert into session (hash, account_id, expires_at)
        values (session_hash, holder.id, least(expires, now() + interval '1 day'));
      return 'ok';
    end $$
    """)
    _counter("accept_invitation(uuid, bytea, text, uuid, text, text, bytea, timestamptz)")


def _mandates() -> None:
    op.execute(f"""
    create or replace function identity.offered_to(m identity.mandate, organisation uuid) returns boolean
    language sql stable {DEFINER} as $$
      select m.accepted_at is null and m.principal_id <> organisation and (
        exists (select from organisation o where o.id = organisation and o.verified and o.corporate_number = m.agent_number)
        or exists (select from known_by(m.agent_email_hash, m.agent_email) a
                   where a.organisation_id = organisation and a.disabled_at is null))
    $$
    """)
    op.execute(f"""
    create function identity.grant_mandate(
      proof bytea, mandate_ uuid, number_ text, hash bytea, address text, sealed text, procedures_ text[], rights_ text[],
      starts date, ends date)
    returns text language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      if me.corporate_number = number_
        or exists (select from known_by(hash, address) a where a.organisation_id = me.organisation_id) then
        return 'self';
      end if;
      if (select count(*) from mandate m where m.principal_id = me.organisation_id and m.ended_at is null
          and m.ends_on >= (now() at time zone 'Asia/Tokyo')::date) >= 100
        or (select count(*) from mandate m where m.principal_id = me.organisation_id
            and m.created_at > now() - interval '1 day') >= 50
        or (select count(*) from mandate m
            where (m.agent_email_hash = hash or m.agent_email = address) and m.created_at > now() - interval '1 day') >= 10
      then return 'many'; end if;
      insert into mandate
        (id, principal_id, agent_number, agent_email, agent_email_hash, procedures, rights, starts_on, ends_on)
        values (mandate_, me.organisation_id, number_, sealed, hash, procedures_, rights_, starts, ends);
      return 'ok';
    end $$
    """)
    _counter("grant_mandate(bytea, uuid, text, bytea, text, text, text[], text[], date, date)")
    # Where there is no account, there is no language, and the address is the name too.
    op.execute(f"""
    create or replace function identity.mandate_contacts(proof bytea, mandate_ uuid)
    returns table (name text, email text, language text)
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
      from wanted m left join lateral known_by(m.agent_email_hash, m.agent_email) a on true where m.agent_email is not null
    $$
    """)


def _providers() -> None:
    # As before (20261124_0005). Code of before this migration says no hash, and its address is plain.
    op.execute(f"""
    create or replace function identity.sign_in_federated(
      issuer_ text, sub_ text, claimed jsonb, mine bytea, session_hash bytea, provider_ text, expires timestamptz)
    returns text language plpgsql {DEFINER} as $$
    declare holder account; home organisation; present account; wanted text := claimed ->> 'corporate_number';
            key_ text := claimed ->> 'organisation_key';
            hash_ bytea := decode(claimed ->> 'email_hash', 'hex');
            address text := case when claimed ? 'email_hash' then claimed ->> 'address' else claimed ->> 'email' end;
    begin
      perform pg_advisory_xact_lock(hashtextextended('federated ' || issuer_ || ' ' || sub_, 0));
      select a.* into holder from federated f join account a on a.id = f.account_id where f.issuer = issuer_ and f.sub = sub_;
      if holder.id is not null and holder.disabled_at is not null then return 'disabled'; end if;
      if holder.id is not null and holder.role <> claimed ->> 'role' then return 'other-organisation'; end if;

      if claimed ->> 'role' = 'applicant' then
        perform pg_advisory_xact_lock(hashtextextended('organisation ' || key_, 0));
        if wanted is not null then
          select * into home from organisation o where o.corporate_number = wanted;
        else
          select o.* into home from provider_organisation k join organisation o on o.id = k.organisation_id where k.key = key_;
        end if;
        if home.id is null then
          insert into organisation (id, name, kind, corporate_number, claimed_number, verified)
          values ((claimed ->> 'organisation_id')::uuid, claimed ->> 'organisation_name', claimed ->> 'organisation_kind',
                  wanted, claimed ->> 'claimed_number', (claimed ->> 'verified')::boolean) returning * into home;
          if wanted is null then insert into provider_organisation (key, organisation_id) values (key_, home.id); end if;
        end if;
        if holder.id is not null and holder.organisation_id <> home.id then return 'other-organisation'; end if;
      end if;

      if holder.id is null then
        select * into holder from account a where a.email_hash = hash_ or a.email = address for update;
        if holder.id is not null then
          -- both proofs are at hand only if this very browser is signed in to that account
          select a.* into present from session s join account a on a.id = s.account_id
            where s.hash = mine and s.expires_at > now() and s.seen_at > now() - interval '1 hour' and a.disabled_at is null;
          if present.id is distinct from holder.id then return 'email-taken'; end if;
          if holder.role <> claimed ->> 'role' or holder.organisation_id is distinct from home.id then
            return 'other-organisation';
          end if;
        else
          insert into account (id, email, email_hash, name, role, language, organisation_id, rights)
          values ((claimed ->> 'account_id')::uuid, claimed ->> 'email', hash_, claimed ->> 'name', claimed ->> 'role', 'ja',
                  home.id, case when claimed ->> 'standing' = 'entry' then 'owner' else 'file' end)
          on conflict do nothing returning * into holder;
          if holder.id is null then return 'email-taken'; end if;
        end if;
        insert into federated (issuer, sub, account_id) values (issuer_, sub_, holder.id);
      end if;

      update account set name = claimed ->> 'name', standing = claimed ->> 'standing', profile = claimed -> 'profile',
          rights = case when claimed ->> 'standing' = 'prime' then 'owner' else rights end
        where id = holder.id;
      if claimed ->> 'role' = 'reviewer' then
        delete from membership where account_id = holder.id and "group" not in
          (select jsonb_array_elements_text(claimed -> 'groups'));
        insert into membership (account_id, "group") select holder.id, jsonb_array_elements_text(claimed -> 'groups')
          on conflict do nothing;
      end if;
      delete from session where hash = mine or session.expires_at < now();
      insert into session (hash, account_id, expires_at, provider)
        values (session_hash, holder.id, least(expires, now() + interval '1 day'), provider_);
      return 'ok';
    end $$
    """)
