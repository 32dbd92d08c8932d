"""Indexes for the lists of cases: each filter alone finds its cases in the order of their arrival."""

from alembic import op

revision = "20261125_0012"
down_revision = "20261125_0011"
branch_labels = None
depends_on = None

INDEXES = {
    "case_arrived_at_id_idx": "(arrived_at, id)",
    "case_group_arrived_at_id_idx": '("group", arrived_at, id)',
    "case_procedure_id_arrived_at_id_idx": "(procedure_id, arrived_at, id)",
    "case_official_id_arrived_at_id_idx": "(official_id, arrived_at, id)",
    "case_unfinished_idx": """("group", arrived_at, id) where state in ('open', 'correcting')""",
    "case_due_on_id_idx": "(due_on, id) where state in ('open', 'correcting')",
    "case_correcting_idx": "(arrived_at, id) where state = 'correcting'",
    "case_withdrawn_idx": "(arrived_at, id) where state = 'withdrawn'",
    "case_decision_arrived_at_id_idx": "(decision, arrived_at, id) where decision is not null",
    "case_receipt_number_idx": "(receipt_number)",
    "case_arrival_number_idx": "(arrival_number)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f'create index concurrently if not exists {name} on review."case" {what}')
