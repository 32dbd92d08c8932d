"""What a procedure says of how long mails are kept, whose application a message is about, and files to delete."""

from alembic import op

revision = "20261126_0010"
down_revision = "20261125_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table notify.leaving (
      key text constraint leaving_pkey primary key,
      at timestamptz not null default now()
    )
    """)
    op.execute("alter table notify.procedure add column retention jsonb not null default '{}'")
    op.execute("alter table notify.message add column application_id text, add column organisation_id uuid")
    with op.get_context().autocommit_block():
        op.execute("create index concurrently if not exists message_created_at_idx on notify.message using brin (created_at)")
