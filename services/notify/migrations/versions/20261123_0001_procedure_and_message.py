"""Messages, and the titles of procedures for their texts."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table notify.procedure (
      id text constraint procedure_pkey primary key,
      version bigint not null,
      title jsonb not null
    )
    """)
    op.execute("""
    create table notify.message (
      id uuid constraint message_pkey primary key,
      event_id uuid not null,
      subject text not null,
      channel text not null,
      template text not null,
      language text not null,
      recipient text not null,
      filling jsonb not null,
      state text not null constraint message_state_check check (state in ('created', 'sending', 'sent', 'failed', 'unknown')),
      attempts bigint not null,
      next_attempt_at timestamptz not null default now(),
      error text,
      traceparent text,
      created_at timestamptz not null default now(),
      sent_at timestamptz,
      constraint message_event_id_channel_recipient_key unique (event_id, channel, recipient)
    ) with (fillfactor = 80)
    """)
    op.execute("create index message_due_idx on notify.message (next_attempt_at) where state in ('created', 'sending')")
    op.execute("create index message_subject_idx on notify.message (subject)")
