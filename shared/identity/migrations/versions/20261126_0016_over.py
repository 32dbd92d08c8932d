"""What of the sign-ins is over, for the purge of the post's worker, which can delete nothing else here."""

from alembic import op

revision = "20261126_0016"
down_revision = "20261126_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create function identity.over(kind text, before timestamptz) returns table (id text)
    language sql stable security definer set search_path = identity, pg_temp as $$
      select encode(s.hash, 'hex') from session s where kind = 'session' and s.expires_at < before
      union all select l.id::text from sign_in_link l where kind = 'sign_in_link' and l.expires_at < before
      union all select r.id::text from registration r where kind = 'registration' and r.expires_at < before
      union all select i.id::text from invitation i where kind = 'invitation' and coalesce(i.ended_at, i.expires_at) < before
      union all select encode(u.hash, 'hex') from used_state u where kind = 'used_state' and u.expires_at < before
    $$
    """)
    # Whoever asks for it: nothing goes that is in force.
    op.execute("""
    create function identity.forget(kind text, ids text[]) returns bigint
    language sql security definer set search_path = identity, pg_temp as $$
      with meant as (select o.id from over(kind, now()) o where o.id = any(ids)),
      a as (delete from session where hash in (select decode(id, 'hex') from meant where kind = 'session') returning 1),
      b as (delete from sign_in_link where id in (select id::uuid from meant where kind = 'sign_in_link') returning 1),
      c as (delete from registration where id in (select id::uuid from meant where kind = 'registration') returning 1),
      d as (delete from invitation where id in (select id::uuid from meant where kind = 'invitation') returning 1),
      e as (delete from used_state where hash in (select decode(id, 'hex') from meant where kind = 'used_state') returning 1)
      select (select count(*) from a) + (select count(*) from b) + (select count(*) from c) + (select count(*) from d)
        + (select count(*) from e)
    $$
    """)
    for function in ("over(text, timestamptz)", "forget(text, text[])"):
        op.execute(f"revoke execute on function identity.{function} from public")
        op.execute(f"grant execute on function identity.{function} to madoguchi_notify")
