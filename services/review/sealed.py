"""The sealed tables of the desk, as the errand walks them that changes keys (shared.sealing.resealing)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.review.models import Case, ReviewRecord, Revision
from shared.sealing.blind import whose
from shared.sealing.resealing import Walked, tables

# The desk's own role may not change a revision.
_REVISION = text("select review.reseal_revision(:case_id, :number, cast(:answers as jsonb), :reason)")


def _whose(row: dict[str, Any]) -> dict[str, Any]:
    return {"contact_hash": whose(row["contact"]["email"]) if row["contact"] else None}


WALKED = tables(ReviewRecord, Walked(Case, beside=_whose, hashed=["contact_hash"]), Walked(Revision, change=_REVISION))
