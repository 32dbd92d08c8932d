"""Indexes for what waits on each channel, and for what operators and clients look up."""

from alembic import op

revision = "20261125_0003"
down_revision = "20261125_0002"
branch_labels = None
depends_on = None

INDEXES = {
    "message_waiting_idx": "(channel, next_attempt_at) where state in ('created', 'deferred', 'sending')",
    "message_client_idx": "(client_id, id) where client_id is not null",
    "message_held_idx": "(state, id) where state in ('failed', 'unknown', 'bounced')",
    "message_recipient_hash_idx": "(recipient_hash)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, over in INDEXES.items():
            op.execute(f"create index concurrently if not exists {name} on notify.message {over}")
        op.execute("drop index concurrently if exists notify.message_due_idx")
