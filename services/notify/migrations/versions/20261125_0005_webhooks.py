"""Webhooks: whose they are, when their secret was changed, and an index for the log of each."""

from alembic import op

revision = "20261125_0005"
down_revision = "20261125_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table notify.webhook add column owner_name text not null default '', add column rotated_at timestamptz")
    with op.get_context().autocommit_block():
        op.execute("""
        create index concurrently if not exists message_webhook_idx on notify.message (recipient, id) where channel = 'webhook'
        """)
