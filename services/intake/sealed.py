"""The sealed tables of the counter, as the errand walks them that changes keys (shared.sealing.resealing).

Those of identity too, which has no worker: whoever the counter signs in, it has to find.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.intake.models import Draft, IntakeRecord, Revision
from services.intake.models.drafts import ids_in
from shared.identity.tables import Account, IdentityRecord, Invitation, Mandate, Registration
from shared.sealing.blind import whose
from shared.sealing.resealing import Walked, tables

# The counter's own role may not change a revision.
_REVISION = text("select intake.reseal_revision(:application_id, :number, cast(:answers as jsonb), :account_name)")


def _address(name: str) -> dict[str, Any]:
    """How the hash of an address stands beside it."""
    hashed = f"{name}_hash"
    return {"beside": lambda row: {hashed: whose(row[name]) if row[name] else None}, "hashed": [hashed]}


WALKED = [
    *tables(
        IdentityRecord,
        *(Walked(one, **_address("email")) for one in (Account, Invitation, Registration)),
        Walked(Mandate, **_address("agent_email")),
    ),
    *tables(
        IntakeRecord,
        Walked(Draft, beside=lambda row: {"files": ids_in(row["answers"])}),
        Walked(Revision, change=_REVISION),
    ),
]
