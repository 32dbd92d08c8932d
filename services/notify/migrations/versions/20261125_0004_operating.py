"""The trace of operators' acts, and indexes for what they look for."""

from alembic import op

revision = "20261125_0004"
down_revision = "20261125_0003"
branch_labels = None
depends_on = None

ARRIVAL, RECEIPT = "(filling ->> 'arrival_number')", "(filling ->> 'receipt_number')"
INDEXES = {
    "message_state_idx": "(channel, state, id)",
    "message_template_idx": "(template, state, id)",
    "message_arrival_idx": f"({ARRIVAL}) where client_id is null and length({ARRIVAL}) <= 100",
    "message_receipt_idx": f"({RECEIPT}) where client_id is null and length({RECEIPT}) <= 100",
    "message_unhashed_idx": "(id) where recipient_hash is null",
}


def upgrade() -> None:
    op.execute("""
    create table notify.act (
      id bigint generated always as identity constraint act_pkey primary key,
      at timestamptz not null default now(),
      account_id uuid,
      name text not null,
      act text not null,
      message_id uuid,
      reason text not null default '',
      details jsonb not null default '{}'
    )
    """)
    op.execute("create index act_message_id_id_idx on notify.act (message_id, id)")
    op.execute("create index act_done_idx on notify.act (id) where act <> 'message.shown'")
    # The default privileges of the schema gave more. Neither number nor time of an act is the post's to choose.
    op.execute("revoke all on notify.act from madoguchi_notify")
    op.execute("grant select on notify.act to madoguchi_notify, madoguchi_operator")
    op.execute("grant insert (account_id, name, act, message_id, reason, details) on notify.act to madoguchi_notify")
    with op.get_context().autocommit_block():
        for name, over in INDEXES.items():
            op.execute(f"create index concurrently if not exists {name} on notify.message {over}")
        op.execute("drop index concurrently if exists notify.message_held_idx")
