"""What was looked up inside of messages, beside it: they may be sealed (docs/adr/0027)."""

from alembic import op

revision = "20261126_0011"
down_revision = "20261126_0010"
branch_labels = None
depends_on = None

INDEXES = {
    "index concurrently if not exists message_arrival_number_idx": "(arrival_number) where arrival_number is not null",
    "index concurrently if not exists message_receipt_number_idx": "(receipt_number) where receipt_number is not null",
    # A recipient who is sealed never looks the same twice: then the hash says whether he was told.
    "unique index concurrently if not exists message_once_sealed_key": (
        "(event_id, channel, recipient_hash) where left(recipient, 1) = '~'"
    ),
    "unique index concurrently if not exists message_once_plain_key": (
        "(event_id, channel, recipient) where left(recipient, 1) <> '~'"
    ),
}


def upgrade() -> None:
    op.execute("""
    alter table notify.message
      add column if not exists arrival_number text,
      add column if not exists receipt_number text,
      add column if not exists collected_at timestamptz
    """)
    with op.get_context().autocommit_block():
        for kind, over in INDEXES.items():
            name = kind.rpartition(" ")
            op.execute(f"create {name[0]} {name[2]} on notify.message {over}")
    # The two indexes took its place, and nobody names it.
    op.execute("""
    -- squawk-ignore ban-drop-constraint
    alter table notify.message drop constraint message_event_id_channel_recipient_key
    """)
