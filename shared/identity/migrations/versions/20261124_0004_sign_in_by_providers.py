"""Sign-in by OpenID Connect: whom a provider knows, verified organisations, and sessions that end when nobody uses them.

The functions caller_by_key and caller_by_session stay as they are for the code that ran before; person_by_… say more.
"""

from alembic import op

revision = "20261124_0004"
down_revision = "20261123_0003"
branch_labels = None
depends_on = None

SERVICES = "madoguchi_intake, madoguchi_review, madoguchi_notify, madoguchi_opendata"


def upgrade() -> None:
    op.execute("""
    alter table identity.organisation
      add column verified boolean not null default true,
      add column claimed_number text
    """)
    op.execute("alter table identity.account add column profile jsonb not null default '{}'")
    op.execute("alter table identity.account add column standing text")
    op.execute("""
    alter table identity.session
      add column seen_at timestamptz not null default now(),
      add column provider text
    """)
    op.execute("""
    create table identity.federated (
      issuer text not null,
      sub text not null,
      account_id uuid not null constraint federated_account_id_fkey references identity.account on delete cascade,
      created_at timestamptz not null default now(),
      constraint federated_pkey primary key (issuer, sub)
    )
    """)
    op.execute("create index federated_account_id_idx on identity.federated (account_id)")
    op.execute("""
    create table identity.provider_organisation (
      key text constraint provider_organisation_pkey primary key,
      organisation_id uuid not null constraint provider_organisation_organisation_id_fkey references identity.organisation
    )
    """)
    op.execute("create index provider_organisation_organisation_id_idx on identity.provider_organisation (organisation_id)")
    op.execute("""
    create table identity.used_state (
      hash bytea constraint used_state_pkey primary key,
      expires_at timestamptz not null
    )
    """)

    op.execute("""
    create view identity.person as
    select a.id as account_id, a.role, a.name, a.email, a.language, a.organisation_id,
           coalesce(o.name, '') as organisation_name, coalesce(o.kind, '') as organisation_kind, o.corporate_number,
           coalesce(o.verified, true) as organisation_verified, coalesce(a.standing, '') as standing, a.profile
    from identity.account a left join identity.organisation o on o.id = a.organisation_id
    where a.disabled_at is null
    """)
    op.execute("""
    create function identity.person_by_key(key_hash bytea) returns setof identity.person
    language sql stable security definer set search_path = identity, pg_temp as $$
      select p.* from api_key k join person p on p.account_id = k.account_id and p.role = k.scope
      where k.hash = key_hash and k.revoked_at is null
    $$
    """)
    # That a session is used is noted once a minute at most.
    op.execute("""
    create function identity.person_by_session(session_hash bytea) returns setof identity.person
    language plpgsql security definer set search_path = identity, pg_temp as $$
    begin
      update session set seen_at = now() where hash = session_hash and expires_at > now()
        and seen_at between now() - interval '1 hour' and now() - interval '1 minute';
      return query select p.* from session s join person p on p.account_id = s.account_id
        where s.hash = session_hash and s.expires_at > now() and s.seen_at > now() - interval '1 hour';
    end $$
    """)
    op.execute("""
    create function identity.leave(session_hash bytea) returns text
    language sql security definer set search_path = identity, pg_temp as $$
      delete from session where hash = session_hash returning provider
    $$
    """)
    # A session is named by its hash, which opens nothing: only the cookie does.
    op.execute("""
    create function identity.sessions_beside(session_hash bytea)
    returns table (hash bytea, created_at timestamptz, seen_at timestamptz, provider text, current boolean)
    language sql stable security definer set search_path = identity, pg_temp as $$
      select s.hash, s.created_at, s.seen_at, s.provider, s.hash = session_hash
      from session s join session mine on mine.account_id = s.account_id
      where mine.hash = session_hash and mine.expires_at > now()
        and s.expires_at > now() and s.seen_at > now() - interval '1 hour'
      order by s.seen_at desc limit 100
    $$
    """)
    op.execute("""
    create function identity.end_beside(session_hash bytea, ended bytea) returns boolean
    language sql security definer set search_path = identity, pg_temp as $$
      with gone as (
        delete from session s using session mine
        where mine.hash = session_hash and mine.expires_at > now() and s.account_id = mine.account_id and s.hash = ended
        returning 1)
      select exists (select from gone)
    $$
    """)
    op.execute("""
    create function identity.use_state(state_hash bytea, expires timestamptz) returns boolean
    language plpgsql security definer set search_path = identity, pg_temp as $$
    begin
      delete from used_state where expires_at < now();
      insert into used_state (hash, expires_at) values (state_hash, least(expires, now() + interval '1 hour'))
      on conflict do nothing;
      return found;
    end $$
    """)
    # Who a provider says is there (shared.identity.federation.Claimed). The answer is 'ok', or why there is no session:
    # 'disabled', 'email-taken', 'other-organisation'. An account is found by issuer and sub; an address alone finds none.
    op.execute("""
    create function identity.sign_in_federated(
      issuer_ text, sub_ text, claimed jsonb, mine bytea, session_hash bytea, provider_ text, expires timestamptz)
    returns text language plpgsql security definer set search_path = identity, pg_temp as $$
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
          insert into account (id, email, name, role, language, organisation_id)
          values ((claimed ->> 'account_id')::uuid, claimed ->> 'email', claimed ->> 'name', claimed ->> 'role', 'ja', home.id)
          on conflict (email) do nothing returning * into holder;
          if holder.id is null then return 'email-taken'; end if;
        end if;
        insert into federated (issuer, sub, account_id) values (issuer_, sub_, holder.id);
      end if;

      update account set name = claimed ->> 'name', standing = claimed ->> 'standing', profile = claimed -> 'profile'
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
    shared = ("person_by_key(bytea)", "person_by_session(bytea)", "leave(bytea)")
    counter = (
        "sessions_beside(bytea)",
        "end_beside(bytea, bytea)",
        "use_state(bytea, timestamptz)",
        "sign_in_federated(text, text, jsonb, bytea, bytea, text, timestamptz)",
    )
    for function in (*shared, *counter):
        op.execute(f"revoke execute on function identity.{function} from public")
    for function in shared:
        op.execute(f"grant execute on function identity.{function} to {SERVICES}, madoguchi_operator")
    for function in counter:  # the counter serves the sign-in
        op.execute(f"grant execute on function identity.{function} to madoguchi_intake")
    op.execute("grant select, insert, update, delete on identity.federated, identity.provider_organisation to madoguchi_operator")
