"""Addresses that may be sealed are found by their hashes."""

from alembic import op

revision = "20261126_0018"
down_revision = "20261126_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("create unique index concurrently if not exists account_email_hash_idx on identity.account (email_hash)")
        op.execute("create index concurrently if not exists invitation_email_hash_idx on identity.invitation (email_hash)")
        op.execute("create index concurrently if not exists registration_email_hash_idx on identity.registration (email_hash)")
        op.execute("create index concurrently if not exists mandate_agent_email_hash_idx on identity.mandate (agent_email_hash)")
