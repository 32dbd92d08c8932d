"""Accounts, keys, links and sessions, and the functions by which services ask who is calling."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICES = "madoguchi_intake, madoguchi_review, madoguchi_notify, madoguchi_opendata"


def upgrade() -> None:
    op.execute("""
    create table identity.organisation (
      id uuid constraint organisation_pkey primary key,
      name text not null,
      kind text not null constraint organisation_kind_check check (kind in ('corporation', 'sole-proprietor', 'association')),
      corporate_number text constraint organisation_corporate_number_key unique,
      created_at timestamptz not null default now()
    )
    """)
    op.execute("""
    create table identity.account (
      id uuid constraint account_pkey primary key,
      email text not null constraint account_email_key unique,
      name text not null,
      role text not null constraint account_role_check check (role in ('applicant', 'reviewer', 'operator', 'service')),
      language text not null default 'ja',
      organisation_id uuid constraint account_organisation_id_fkey references identity.organisation,
      disabled_at timestamptz,
      created_at timestamptz not null default now(),
      constraint account_organisation_check check ((role = 'applicant') = (organisation_id is not null))
    )
    """)
    op.execute("""
    create table identity.membership (
      account_id uuid not null constraint membership_account_id_fkey references identity.account on delete cascade,
      "group" text not null,
      takes_cases boolean not null default true,
      constraint membership_pkey primary key (account_id, "group")
    )
    """)
    op.execute("""
    create table identity.api_key (
      id uuid constraint api_key_pkey primary key,
      account_id uuid not null constraint api_key_account_id_fkey references identity.account on delete cascade,
      hash bytea not null constraint api_key_hash_key unique,
      scope text not null,
      label text not null default '',
      created_at timestamptz not null default now(),
      revoked_at timestamptz
    )
    """)
    op.execute("create index api_key_account_id_idx on identity.api_key (account_id)")
    op.execute("""
    create table identity.sign_in_link (
      id uuid constraint sign_in_link_pkey primary key,
      account_id uuid not null constraint sign_in_link_account_id_fkey references identity.account on delete cascade,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz
    )
    """)
    op.execute("create index sign_in_link_account_id_idx on identity.sign_in_link (account_id)")
    op.execute("""
    create table identity.session (
      hash bytea constraint session_pkey primary key,
      account_id uuid not null constraint session_account_id_fkey references identity.account on delete cascade,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    )
    """)
    op.execute("create index session_account_id_idx on identity.session (account_id)")

    op.execute("""
    create view identity.caller as
    select a.id as account_id, a.role, a.name, a.email, a.language, a.organisation_id,
           coalesce(o.name, '') as organisation_name, coalesce(o.kind, '') as organisation_kind, o.corporate_number
    from identity.account a left join identity.organisation o on o.id = a.organisation_id
    where a.disabled_at is null
    """)
    op.execute("""
    create function identity.caller_by_key(key_hash bytea) returns setof identity.caller
    language sql stable security definer set search_path = identity, pg_temp as $$
      select c.* from api_key k join caller c on c.account_id = k.account_id and c.role = k.scope
      where k.hash = key_hash and k.revoked_at is null
    $$
    """)
    op.execute("""
    create function identity.caller_by_session(session_hash bytea) returns setof identity.caller
    language sql stable security definer set search_path = identity, pg_temp as $$
      select c.* from session s join caller c on c.account_id = s.account_id
      where s.hash = session_hash and s.expires_at > now()
    $$
    """)
    # At most five links an hour for an account: more would only be somebody filling a mailbox.
    op.execute("""
    create function identity.request_link(address text, roles text[], link uuid, expires timestamptz)
    returns table (name text, email text, language text)
    language plpgsql security definer set search_path = identity, pg_temp as $$
    declare found identity.caller;
    begin
      select c.* into found from caller c where c.email = address and c.role = any(roles);
      if found.account_id is null then return; end if;
      perform pg_advisory_xact_lock(hashtextextended(found.account_id::text, 0));
      if (select count(*) from sign_in_link l
          where l.account_id = found.account_id and l.created_at > now() - interval '1 hour') >= 5 then return; end if;
      insert into sign_in_link (id, account_id, expires_at)
      values (link, found.account_id, least(expires, now() + interval '1 hour'));
      return query select found.name, found.email, found.language;
    end $$
    """)
    op.execute("""
    create function identity.redeem_link(link uuid, session_hash bytea, expires timestamptz) returns boolean
    language plpgsql security definer set search_path = identity, pg_temp as $$
    declare holder uuid;
    begin
      update sign_in_link set used_at = now() where id = link and used_at is null and expires_at > now()
      returning account_id into holder;
      if holder is null then return false; end if;
      delete from session where expires_at < now();
      insert into session (hash, account_id, expires_at) values (session_hash, holder, least(expires, now() + interval '1 day'));
      return true;
    end $$
    """)
    op.execute("""
    create function identity.end_session(session_hash bytea) returns void
    language sql security definer set search_path = identity, pg_temp as $$ delete from session where hash = session_hash $$
    """)
    # The directory of officials, which the desk needs to give cases to people.
    op.execute("""
    create view identity.official as
    select a.id as account_id, a.name, a.email, m."group", m.takes_cases
    from identity.account a join identity.membership m on m.account_id = a.id
    where a.role = 'reviewer' and a.disabled_at is null
    """)
    functions = (
        "caller_by_key(bytea)",
        "caller_by_session(bytea)",
        "request_link(text, text[], uuid, timestamptz)",
        "redeem_link(uuid, bytea, timestamptz)",
        "end_session(bytea)",
    )
    for function in functions:
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to {SERVICES}, madoguchi_operator")
    op.execute("grant select on identity.official to madoguchi_review")
    op.execute("""
    grant select, insert, update, delete on identity.organisation, identity.account, identity.membership, identity.api_key,
      identity.sign_in_link, identity.session to madoguchi_operator
    """)
