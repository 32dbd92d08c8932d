"""The log and its deliveries; row-level security lets a service see and claim only what is its own."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICES = ("intake", "review", "notify", "opendata")
# What changes about a delivery; whose it is and of which event never does.
PROGRESS = "state, due, attempts, unanswered, error, done_at"


def upgrade() -> None:
    op.execute("""
    create table bus.event (
      id uuid constraint event_pkey primary key,
      type text not null,
      source text not null,
      subject text not null,
      sequence bigint not null,
      time timestamptz not null default now(),
      traceparent text,
      data json not null
    )
    """)
    op.execute("create unique index event_source_subject_sequence_idx on bus.event (source, subject, sequence)")
    op.execute("create index event_time_idx on bus.event (time)")
    op.execute("""
    create table bus.delivery (
      event_id uuid not null constraint delivery_event_id_fkey references bus.event on delete cascade,
      subscriber text not null,
      service text not null,
      source text not null,
      subject text not null,
      sequence bigint not null,
      ordered boolean not null,
      state text not null default 'waiting' constraint delivery_state_check check (state in ('waiting', 'done', 'dead')),
      due timestamptz not null default now(),
      attempts bigint not null default 0,
      unanswered bigint not null default 0,
      error text,
      done_at timestamptz,
      constraint delivery_pkey primary key (event_id, subscriber)
    ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)
    """)
    op.execute("""
    create index delivery_undone_idx on bus.delivery (subscriber, source, subject, sequence) where state <> 'done'
    """)
    op.execute("create index delivery_due_idx on bus.delivery (service, due) where state = 'waiting'")

    op.execute("alter table bus.event enable row level security")
    op.execute("alter table bus.delivery enable row level security")
    for service in SERVICES:
        role = f"madoguchi_{service}"
        # A service publishes as itself (or, for sign-in, as identity) …
        op.execute(f"grant select, insert, delete on bus.event to {role}")
        op.execute(f"grant select, insert, update ({PROGRESS}) on bus.delivery to {role}")
        for table in ("event", "delivery"):
            op.execute(f"""
            create policy publish_{service} on bus.{table} for insert to {role}
              with check (source in ('{service}', 'identity'))
            """)
        # … reads what it published and what its publisher addressed to it (a delivery made up for somebody else's event
        # opens nothing, since its source is not the event's) …
        op.execute(f"""
        create policy read_{service} on bus.delivery for select to {role} using (service = '{service}' or source = '{service}')
        """)
        op.execute(f"""
        create policy read_{service} on bus.event for select to {role} using (
          source = '{service}'
          or exists (
            select from bus.delivery d where d.event_id = event.id and d.service = '{service}' and d.source = event.source))
        """)
        # … claims only what is addressed to it, and purges only what it published.
        op.execute(f"""
        create policy claim_{service} on bus.delivery for update to {role}
          using (service = '{service}') with check (service = '{service}')
        """)
        op.execute(f"create policy purge_{service} on bus.event for delete to {role} using (source = '{service}')")
    # Identity has no worker; the post, which alone hears of its events, purges them.
    op.execute("create policy purge_identity on bus.event for delete to madoguchi_notify using (source = 'identity')")
    op.execute("grant select on bus.event to madoguchi_operator")
    op.execute(f"grant select, update ({PROGRESS}) on bus.delivery to madoguchi_operator")
    op.execute("create policy operate on bus.event for select to madoguchi_operator using (true)")
    op.execute("create policy operate on bus.delivery to madoguchi_operator using (true) with check (true)")
