"""Rights in an organisation: members, invitations and keys, as their owners manage them.

The functions person_by_… stay as they are for the code that ran before; caller_by_… say more again. Whoever manages an
organisation proves who he is by the hash of his key or cookie: a service's role alone changes nobody's rights.
"""

from alembic import op

revision = "20261124_0005"
down_revision = "20261124_0004"
branch_labels = None
depends_on = None

SERVICES = "madoguchi_intake, madoguchi_review, madoguchi_notify, madoguchi_opendata"
DEFINER = "security definer set search_path = identity, pg_temp"
COLUMNS = """c.account_id, c.role, c.name, c.email, c.language, c.organisation_id, c.organisation_name, c.organisation_kind,
  c.corporate_number, c.organisation_verified, c.standing, c.profile"""


def upgrade() -> None:
    # nobody has called these since 20261124_0004
    for function in ("caller_by_key(bytea)", "caller_by_session(bytea)", "end_session(bytea)"):
        op.execute(f"-- squawk-ignore ban-drop-function\ndrop function identity.{function}")
    _tables()
    _callers()
    _members()
    _invitations()
    _keys()
    _providers()
    for function in ("caller_by_key(bytea)", "caller_by_session(bytea)"):
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to {SERVICES}, madoguchi_operator")
    for function in ("holder_of_key(bytea)", "holder_of_session(bytea)", "proven(bytea)", "owner_by(bytea)"):
        op.execute(f"revoke execute on function identity.{function} from public")
    counter = (  # the counter serves the pages of organisations
        "members(bytea)",
        "change_rights(bytea, uuid, text)",
        "remove_member(bytea, uuid)",
        "invite(bytea, uuid, text, text, timestamptz)",
        "invitations(bytea)",
        "revoke_invitation(bytea, uuid)",
        "invitation(uuid)",
        "accept_invitation(uuid, uuid, text, text, bytea, timestamptz)",
        "add_key(bytea, uuid, bytea, text, text, text)",
        "keys(bytea)",
        "revoke_key(bytea, uuid)",
    )
    for function in counter:
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to madoguchi_intake")
    op.execute("grant select, insert, update, delete on identity.invitation to madoguchi_operator")


def _tables() -> None:
    op.execute("""
    alter table identity.account
      add column rights text not null default 'file'
        constraint account_rights_check check (rights in ('owner', 'file', 'read')),
      add column removed_by uuid
    """)
    # until now everybody could do everything; who a prime lets in does not manage the prime's organisation
    op.execute("""
    update identity.account set rights = 'owner' where role = 'applicant' and standing is distinct from 'member'
    """)
    op.execute("""
    alter table identity.api_key
      add column prefix text not null default '',
      add column rights text constraint api_key_rights_check check (rights in ('owner', 'file', 'read')),
      add column last_used_at timestamptz
    """)
    op.execute("""
    create table identity.invitation (
      id uuid constraint invitation_pkey primary key,
      organisation_id uuid not null constraint invitation_organisation_id_fkey references identity.organisation,
      email text not null,
      rights text not null constraint invitation_rights_check check (rights in ('owner', 'file', 'read')),
      invited_by uuid not null constraint invitation_invited_by_fkey references identity.account on delete cascade,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      ended_at timestamptz
    )
    """)
    op.execute("create index invitation_organisation_id_idx on identity.invitation (organisation_id)")
    op.execute("create index invitation_invited_by_idx on identity.invitation (invited_by)")
    # accounts are few, and written seldom
    op.execute("""
    -- squawk-ignore require-concurrent-index-creation
    create index account_organisation_id_idx on identity.account (organisation_id)
    """)


def _callers() -> None:
    op.execute(f"""
    create or replace function identity.request_link(address text, roles text[], link uuid, expires timestamptz)
    returns table (name text, email text, language text)
    language plpgsql {DEFINER} as $$
    declare found account;
    begin
      select a.* into found from account a where a.email = address and a.role = any(roles) and a.disabled_at is null;
      if found.id is null then return; end if;
      perform pg_advisory_xact_lock(hashtextextended(found.id::text, 0));
      if (select count(*) from sign_in_link l
          where l.account_id = found.id and l.created_at > now() - interval '1 hour') >= 5 then return; end if;
      insert into sign_in_link (id, account_id, expires_at) values (link, found.id, least(expires, now() + interval '1 hour'));
      return query select found.name, found.email, found.language;
    end $$
    """)
    op.execute("-- squawk-ignore ban-drop-view\ndrop view identity.caller")
    op.execute("""
    create view identity.caller as
    select a.id as account_id, a.role, a.name, a.email, a.language, a.organisation_id,
           coalesce(o.name, '') as organisation_name, coalesce(o.kind, '') as organisation_kind, o.corporate_number,
           coalesce(o.verified, true) as organisation_verified, coalesce(a.standing, '') as standing, a.profile,
           case when a.role = 'applicant' then a.rights else '' end as rights
    from identity.account a left join identity.organisation o on o.id = a.organisation_id
    where a.disabled_at is null
    """)
    # A key has the lesser of its own and its account's rights.
    op.execute(f"""
    create function identity.holder_of_key(key_hash bytea) returns setof identity.caller
    language sql stable {DEFINER} as $$
      select {COLUMNS},
        case when 'read' in (c.rights, k.rights) then 'read' when 'file' in (c.rights, k.rights) then 'file' else c.rights end
      from api_key k join caller c on c.account_id = k.account_id and c.role = k.scope
      where k.hash = key_hash and k.revoked_at is null
    $$
    """)
    op.execute(f"""
    create function identity.holder_of_session(session_hash bytea) returns setof identity.caller
    language sql stable {DEFINER} as $$
      select c.* from session s join caller c on c.account_id = s.account_id
      where s.hash = session_hash and s.expires_at > now() and s.seen_at > now() - interval '1 hour'
    $$
    """)
    # That a key or session is used is noted once a minute at most. Whoever asks commits at once: the note locks a row.
    op.execute(f"""
    create function identity.caller_by_key(key_hash bytea) returns setof identity.caller
    language plpgsql {DEFINER} as $$
    begin
      update api_key set last_used_at = now() where hash = key_hash and revoked_at is null
        and (last_used_at is null or last_used_at < now() - interval '1 minute');
      return query select * from holder_of_key(key_hash);
    end $$
    """)
    op.execute(f"""
    create function identity.caller_by_session(session_hash bytea) returns setof identity.caller
    language plpgsql {DEFINER} as $$
    begin
      update session set seen_at = now() where hash = session_hash and expires_at > now()
        and seen_at between now() - interval '1 hour' and now() - interval '1 minute';
      return query select * from holder_of_session(session_hash);
    end $$
    """)
    op.execute(f"""
    create function identity.proven(proof bytea) returns setof identity.caller
    language sql stable {DEFINER} as $$
      select * from holder_of_key(proof) union all select * from holder_of_session(proof)
    $$
    """)
    # Those who change an organisation come one after the other, so that two owners cannot remove each other.
    op.execute(f"""
    create function identity.owner_by(proof bytea) returns identity.caller
    language plpgsql {DEFINER} as $$
    declare me caller;
    begin
      select * into me from proven(proof);
      if me.rights is distinct from 'owner' then return null; end if;
      perform 1 from organisation o where o.id = me.organisation_id for update;
      select * into me from proven(proof);  -- as the one before left it
      if me.rights is distinct from 'owner' then return null; end if;
      return me;
    end $$
    """)


def _members() -> None:
    op.execute(f"""
    create function identity.members(proof bytea)
    returns table (id uuid, name text, email text, rights text, standing text, created_at timestamptz)
    language sql stable {DEFINER} as $$
      select a.id, a.name, a.email, a.rights, coalesce(a.standing, ''), a.created_at
      from proven(proof) me join account a on a.organisation_id = me.organisation_id
      where me.rights = 'owner' and a.disabled_at is null order by a.created_at, a.id limit 500
    $$
    """)
    op.execute(f"""
    create function identity.change_rights(proof bytea, member uuid, rights_ text) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof); whom account;
    begin
      if me.account_id is null then return 'forbidden'; end if;
      select a.* into whom from account a
        where a.id = member and a.organisation_id = me.organisation_id and a.disabled_at is null;
      if whom.id is null then return 'missing'; end if;
      if whom.rights = 'owner' and rights_ <> 'owner' and not exists (
        select from account a where a.organisation_id = me.organisation_id and a.id <> member and a.rights = 'owner'
          and a.disabled_at is null) then return 'last-owner'; end if;
      update account set rights = rights_ where id = member;
      return 'ok';
    end $$
    """)
    # The account stays, closed, so that a provider does not let its person in again; an invitation opens it again.
    op.execute(f"""
    create function identity.remove_member(proof bytea, member uuid) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof); whom account;
    begin
      if me.account_id is null then return 'forbidden'; end if;
      select a.* into whom from account a
        where a.id = member and a.organisation_id = me.organisation_id and a.disabled_at is null;
      if whom.id is null then return 'missing'; end if;
      if whom.rights = 'owner' and not exists (
        select from account a where a.organisation_id = me.organisation_id and a.id <> member and a.rights = 'owner'
          and a.disabled_at is null) then return 'last-owner'; end if;
      update account set disabled_at = now(), removed_by = me.account_id where id = member;
      delete from session where account_id = member;
      delete from sign_in_link where account_id = member;
      update api_key set revoked_at = now() where account_id = member and revoked_at is null;
      update invitation set ended_at = now() where invited_by = member and ended_at is null;
      return 'ok';
    end $$
    """)


def _invitations() -> None:
    op.execute(f"""
    create function identity.invite(proof bytea, invitation_ uuid, address text, rights_ text, expires timestamptz) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      if exists (select from account a
        where a.email = address and a.organisation_id = me.organisation_id and a.disabled_at is null)
      then return 'member'; end if;
      update invitation set ended_at = now()
        where organisation_id = me.organisation_id and email = address and ended_at is null;
      if (select count(*) from account a where a.organisation_id = me.organisation_id and a.disabled_at is null) >= 200
        or (select count(*) from invitation i where i.organisation_id = me.organisation_id
            and i.ended_at is null and i.expires_at > now()) >= 20
        or (select count(*) from invitation i where i.organisation_id = me.organisation_id
            and i.created_at > now() - interval '1 day') >= 50
        or (select count(*) from invitation i where i.email = address and i.created_at > now() - interval '1 day') >= 3
      then return 'many'; end if;
      insert into invitation (id, organisation_id, email, rights, invited_by, expires_at)
        values (invitation_, me.organisation_id, address, rights_, me.account_id, least(expires, now() + interval '14 days'));
      return 'ok';
    end $$
    """)
    op.execute(f"""
    create function identity.invitations(proof bytea)
    returns table (id uuid, email text, rights text, created_at timestamptz, expires_at timestamptz)
    language sql stable {DEFINER} as $$
      select i.id, i.email, i.rights, i.created_at, i.expires_at
      from proven(proof) me join invitation i on i.organisation_id = me.organisation_id
      where me.rights = 'owner' and i.ended_at is null and i.expires_at > now() order by i.created_at, i.id
    $$
    """)
    op.execute(f"""
    create function identity.revoke_invitation(proof bytea, invitation_ uuid) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      update invitation set ended_at = now() where id = invitation_ and organisation_id = me.organisation_id and ended_at is null;
      return case when found then 'ok' else 'missing' end;
    end $$
    """)
    op.execute(f"""
    create function identity.invitation(link uuid) returns table (organisation_name text, email text, rights text, known boolean)
    language sql stable {DEFINER} as $$
      select o.name, i.email, i.rights, exists (select from account a where a.email = i.email)
      from invitation i join organisation o on o.id = i.organisation_id
      where i.id = link and i.ended_at is null and i.expires_at > now()
    $$
    """)
    # An address that an account in another organisation has, or that an operator closed, is not taken over.
    op.execute(f"""
    create function identity.accept_invitation(
      link uuid, account_ uuid, name_ text, language_ text, session_hash bytea, expires timestamptz)
    returns text language plpgsql {DEFINER} as $$
    declare wanted invitation; holder account;
    begin
      select i.* into wanted from invitation i where i.id = link and i.ended_at is null and i.expires_at > now() for update;
      if wanted.id is null then return 'gone'; end if;
      insert into account (id, email, name, role, language, organisation_id, rights)
        values (account_, wanted.email, name_, 'applicant', language_, wanted.organisation_id, wanted.rights)
        on conflict (email) do nothing;
      select a.* into holder from account a where a.email = wanted.email for update;
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


def _keys() -> None:
    op.execute(f"""
    create function identity.add_key(proof bytea, key_ uuid, key_hash bytea, prefix_ text, label_ text, rights_ text) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      if (select count(*) from api_key k join account a on a.id = k.account_id
          where a.organisation_id = me.organisation_id and k.revoked_at is null) >= 20 then return 'many'; end if;
      insert into api_key (id, account_id, hash, scope, label, prefix, rights)
        values (key_, me.account_id, key_hash, 'applicant', label_, prefix_, rights_);
      return 'ok';
    end $$
    """)
    op.execute(f"""
    create function identity.keys(proof bytea)
    returns table (id uuid, prefix text, label text, rights text, holder text, created_at timestamptz, last_used_at timestamptz)
    language sql stable {DEFINER} as $$
      select k.id, k.prefix, k.label, coalesce(k.rights, a.rights), a.name, k.created_at, k.last_used_at
      from proven(proof) me join account a on a.organisation_id = me.organisation_id join api_key k on k.account_id = a.id
      where me.rights = 'owner' and k.revoked_at is null order by k.created_at, k.id limit 500
    $$
    """)
    op.execute(f"""
    create function identity.revoke_key(proof bytea, key_ uuid) returns text
    language plpgsql {DEFINER} as $$
    declare me caller := owner_by(proof);
    begin
      if me.account_id is null then return 'forbidden'; end if;
      update api_key k set revoked_at = now() from account a
        where k.id = key_ and a.id = k.account_id and a.organisation_id = me.organisation_id and k.revoked_at is null;
      return case when found then 'ok' else 'missing' end;
    end $$
    """)


def _providers() -> None:
    # As before (20261124_0004), and: a prime and an entry account own their organisation, a member may file.
    op.execute(f"""
    create or replace function identity.sign_in_federated(
      issuer_ text, sub_ text, claimed jsonb, mine bytea, session_hash bytea, provider_ text, expires timestamptz)
    returns text language plpgsql {DEFINER} as $$
    declare holder account; home organisation; present account; wanted text := claimed ->> 'corporate_number';
            key_ text := claimed ->> 'organisation_key';
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
        select * into holder from account a where a.email = claimed ->> 'email' for update;
        if holder.id is not null then
          -- both proofs are at hand only if this very browser is signed in to that account
          select a.* into present from session s join account a on a.id = s.account_id
            where s.hash = mine and s.expires_at > now() and s.seen_at > now() - interval '1 hour' and a.disabled_at is null;
          if present.id is distinct from holder.id then return 'email-taken'; end if;
          if holder.role <> claimed ->> 'role' or holder.organisation_id is distinct from home.id then
            return 'other-organisation';
          end if;
        else
          insert into account (id, email, name, role, language, organisation_id, rights)
          values ((claimed ->> 'account_id')::uuid, claimed ->> 'email', claimed ->> 'name', claimed ->> 'role', 'ja', home.id,
                  case when claimed ->> 'standing' = 'entry' then 'owner' else 'file' end)
          on conflict (email) do nothing returning * into holder;
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
