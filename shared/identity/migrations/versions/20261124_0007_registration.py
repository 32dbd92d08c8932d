"""Self-registration: by a mailed link somebody becomes the owner of an organisation that nobody has verified yet."""

from alembic import op

revision = "20261124_0007"
down_revision = "20261124_0006"
branch_labels = None
depends_on = None

DEFINER = "security definer set search_path = identity, pg_temp"


def upgrade() -> None:
    op.execute("""
    create table identity.registration (
      id uuid constraint registration_pkey primary key,
      email text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz
    )
    """)
    op.execute("create index registration_email_idx on identity.registration (email)")
    # True when a link may be mailed: to an address without an account, at most three an hour.
    op.execute(f"""
    create function identity.request_registration(link uuid, address text, expires timestamptz) returns boolean
    language plpgsql {DEFINER} as $$
    begin
      perform pg_advisory_xact_lock(hashtextextended('registration ' || address, 0));
      delete from registration where created_at < now() - interval '7 days';
      if exists (select from account a where a.email = address)
        or (select count(*) from registration r where r.email = address and r.created_at > now() - interval '1 hour') >= 3
      then return false; end if;
      insert into registration (id, email, expires_at) values (link, address, least(expires, now() + interval '2 days'));
      return true;
    end $$
    """)
    op.execute(f"""
    create function identity.registration(link uuid) returns text
    language sql stable {DEFINER} as $$
      select r.email from registration r where r.id = link and r.used_at is null and r.expires_at > now()
        and not exists (select from account a where a.email = r.email)
    $$
    """)
    op.execute(f"""
    create function identity.register(link uuid, entered jsonb, session_hash bytea, expires timestamptz) returns text
    language plpgsql {DEFINER} as $$
    declare wanted registration; organisation_ uuid := (entered ->> 'organisation_id')::uuid;
            account_ uuid := (entered ->> 'account_id')::uuid;
    begin
      update registration r set used_at = now() where r.id = link and r.used_at is null and r.expires_at > now()
        returning r.* into wanted;
      if wanted.id is null or exists (select from account a where a.email = wanted.email) then return 'gone'; end if;
      insert into organisation (id, name, kind, claimed_number, verified)
        values (organisation_, entered ->> 'organisation', entered ->> 'kind', entered ->> 'corporate_number', false);
      insert into account (id, email, name, role, language, organisation_id, rights)
        values (account_, wanted.email, entered ->> 'name', 'applicant', entered ->> 'language', organisation_, 'owner');
      insert into session (hash, account_id, expires_at)
        values (session_hash, account_, least(expires, now() + interval '1 day'));
      return 'ok';
    end $$
    """)
    for function in (
        "request_registration(uuid, text, timestamptz)",
        "registration(uuid)",
        "register(uuid, jsonb, bytea, timestamptz)",
    ):
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to madoguchi_intake")
    op.execute("grant select, insert, update, delete on identity.registration to madoguchi_operator")
