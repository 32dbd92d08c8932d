"""Letters that clients made themselves, what clients are told of, and the token that their callbacks carry."""

from alembic import op

revision = "20261125_0006"
down_revision = "20261125_0005"
branch_labels = None
depends_on = None

TOLD = "'sent', 'delivered', 'bounced', 'failed', 'cancelled'"
WHEN = f"new.client_id is not null and new.channel in ('email', 'sms', 'letter') and new.state in ({TOLD})"


def upgrade() -> None:
    op.execute("alter table notify.webhook add column sealed_token text")
    op.execute("""
    create table notify.enclosure (
      message_id uuid constraint enclosure_pkey primary key
        constraint enclosure_message_id_fkey references notify.message on delete cascade,
      content bytea not null
    )
    """)
    op.execute("""
    create table notify.receipt (
      id uuid constraint receipt_pkey primary key,
      message_id uuid not null constraint receipt_message_id_fkey references notify.message on delete cascade,
      at timestamptz not null default now()
    )
    """)
    op.execute("create index receipt_message_id_idx on notify.receipt (message_id)")
    # The trigger, and not the code that writes states: senders, bounces and operators all do.
    op.execute("""
    create function notify.note_receipt() returns trigger language plpgsql as $$
    begin
      insert into notify.receipt (id, message_id)
      select gen_random_uuid(), new.id where exists (
        select from notify.webhook where owner = new.client_id and kind = 'client' and state = 'active');
      return null;
    end $$
    """)
    op.execute(f"""
    create trigger message_written after insert on notify.message for each row
      when ({WHEN}) execute function notify.note_receipt()
    """)
    op.execute(f"""
    create trigger message_moved after update of state on notify.message for each row
      when (new.state is distinct from old.state and {WHEN}) execute function notify.note_receipt()
    """)
    with op.get_context().autocommit_block():
        op.execute("""
        create index concurrently if not exists message_reference_idx on notify.message (client_id, reference)
        where reference is not null
        """)
