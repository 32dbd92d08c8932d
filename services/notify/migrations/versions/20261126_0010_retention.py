"""What a procedure says of how long mails are kept, whose application a message is about, and files to delete."""

from alembic import op

revision = "20261126_0010"
down_revision = "20261125_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table if not exists notify.leaving (
      key text constraint leaving_pkey primary key,
      at timestamptz not null default now()
    )
    """)
    op.execute("alter table notify.procedure add column if not exists retention jsonb not null default '{}'")
    for column in ("application_id text", "organisation_id uuid"):
        op.execute(f"alter table notify.message add column if not exists {column}")
    with op.get_context().autocommit_block():
        op.execute("create index concurrently if not exists message_created_at_idx on notify.message using brin (created_at)")
