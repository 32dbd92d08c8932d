"""Operators' acts, holds, switches, and the runs of scheduled work.

An act seals the one before it: the trigger takes a lock until the transaction ends, so there is one order of acts. Operators act
seldom; nobody waits for it.
"""

from alembic import op

revision = "20261126_0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICES = ("intake", "review", "notify", "opendata")


def upgrade() -> None:
    op.execute("""
    create table operation.act (
      id bigint generated always as identity constraint act_pkey primary key,
      at timestamptz not null default now(),
      account_id uuid,
      name text not null,
      act text not null,
      subject text not null,
      reason text not null default '',
      details jsonb not null default '{}',
      seal bytea not null
    )
    """)
    op.execute("create index act_subject_id_idx on operation.act (subject, id)")
    op.execute("""
    create function operation.seal_of(before bytea, a operation.act) returns bytea language sql stable
    set search_path = pg_catalog, pg_temp as $$
      select sha256(before || convert_to(jsonb_build_array(
        a.id, extract(epoch from a.at), a.account_id, a.name, a.act, a.subject, a.reason, a.details)::text, 'UTF8'))
    $$
    """)
    op.execute("""
    create function operation.seal() returns trigger language plpgsql security definer
    set search_path = operation, pg_temp as $$
    begin
      perform pg_advisory_xact_lock(hashtext('operation.act'));
      new.id := nextval(pg_get_serial_sequence('operation.act', 'id'));
      new.at := clock_timestamp();
      new.seal := seal_of(coalesce((select seal from act order by id desc limit 1), ''), new);
      return new;
    end $$
    """)
    op.execute("create trigger seal before insert on operation.act for each row execute function operation.seal()")
    op.execute("""
    create table operation.hold (
      id uuid constraint hold_pkey primary key,
      kind text not null constraint hold_kind_check check (kind in ('application', 'organisation', 'procedure')),
      subject text not null,
      reason text not null,
      held_at timestamptz not null default now(),
      held_by text not null,
      released_at timestamptz,
      released_by text
    )
    """)
    op.execute("create unique index hold_lasting_key on operation.hold (kind, subject) where released_at is null")
    op.execute("""
    create table operation.switch (
      name text constraint switch_pkey primary key,
      "on" boolean not null,
      changed_at timestamptz not null default now()
    )
    """)
    op.execute("""
    create table operation.run (
      id uuid constraint run_pkey primary key,
      kind text not null,
      started_at timestamptz not null default now(),
      ended_at timestamptz,
      outcome text not null default 'running' constraint run_outcome_check check (outcome in ('running', 'done', 'failed')),
      report jsonb not null default '{}'
    )
    """)
    op.execute("create index run_kind_started_at_idx on operation.run (kind, started_at)")
    op.execute("grant select, insert on operation.act to madoguchi_operator")
    op.execute("grant select, insert, update on operation.hold, operation.switch, operation.run to madoguchi_operator")
    for service in SERVICES:
        op.execute(f"grant select on operation.hold, operation.switch to madoguchi_{service}")
        op.execute(f"grant select, insert, update on operation.run to madoguchi_{service}")
