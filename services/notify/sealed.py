"""The sealed tables of the post, as the errand walks them that changes keys (shared.sealing.resealing)."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from services.notify.models import Message, NotifyRecord
from services.notify.recipients.addresses import recipient_hash
from shared.sealing.resealing import Walked, tables

_NUMBERS = ("arrival_number", "receipt_number")
# Longer ones are none of ours, and were in no index.
_LONGEST = 100


def walked(secret_key: SecretStr) -> list[Walked]:
    """The tables; messages get what they are found by before it is sealed."""

    def found_by(row: dict[str, Any]) -> dict[str, Any]:
        filling = row["filling"] if row["client_id"] is None and isinstance(row["filling"], dict) else {}
        numbers = {name: number for name in _NUMBERS if 0 < len(number := str(filling.get(name) or "")) <= _LONGEST}
        return {"recipient_hash": recipient_hash(secret_key, row["recipient"]), **numbers}

    return tables(NotifyRecord, Walked(Message, beside=found_by, also=("client_id",)))
