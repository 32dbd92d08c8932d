"""Telephone numbers are checked before anything goes there; indexes for the inbox and for what waits for a digest."""

from alembic import op

revision = "20261125_0007"
down_revision = "20261125_0006"
branch_labels = None
depends_on = None

INDEXES = {
    "message_inbox_idx": "(recipient_hash, id) where channel = 'inbox'",
    "message_digest_idx": "(next_attempt_at) where digest and state = 'created'",
}


def upgrade() -> None:
    op.execute("""
    alter table notify.preference
      add column phone_asked text,
      add column phone_check uuid,
      add column phone_sent_at timestamptz,
      add column phone_tries bigint not null default 0
    """)
    with op.get_context().autocommit_block():
        for name, over in INDEXES.items():
            op.execute(f"create index concurrently if not exists {name} on notify.message {over}")
