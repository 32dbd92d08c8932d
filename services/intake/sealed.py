"""The sealed tables of the counter, as the errand walks them that changes keys (shared.sealing.resealing)."""

from __future__ import annotations

from sqlalchemy import text

from services.intake.models import Draft, IntakeRecord, Revision
from services.intake.models.drafts import ids_in
from shared.sealing.resealing import Walked, tables

# The counter's own role may not change a revision.
_REVISION = text("select intake.reseal_revision(:application_id, :number, cast(:answers as jsonb), :account_name)")
WALKED = tables(
    IntakeRecord,
    Walked(Draft, beside=lambda row: {"files": ids_in(row["answers"])}),
    Walked(Revision, change=_REVISION),
)
