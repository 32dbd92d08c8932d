"""What became of messages after they were handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import Session

from shared.database import new_id

# A receipt changes only what is sent: one that comes twice, or late, changes nothing.
_TAKE = text("""
with said as (select * from json_to_recordset(cast(:said as json)) as s (id uuid, attempt_id uuid, state text, reason text)),
taken as (
  update notify.message m set state = s.state, completed_at = now(), error = case when s.state = 'bounced' then s.reason end
  from said s where m.id = s.id and m.channel = :channel and m.state in ('sent', 'sending', 'created', 'deferred', 'unknown')
  returning m.id, m.attempts
)
insert into notify.attempt (id, message_id, number, started_at, took_ms, server, outcome, answer)
select s.attempt_id, t.id, t.attempts, now(), 0, 'receipt', s.state, s.reason from taken t join said s using (id)
""")
_STATES = {"delivered": "delivered", "failed": "bounced"}


@dataclass(frozen=True)
class Receipt:
    """What became of one message."""

    id: UUID
    state: Literal["delivered", "failed"]
    reason: str = ""


def take(session: Session, channel: str, receipts: Sequence[Receipt]) -> int:
    """Write down what a provider says; of each message the last word counts. Returns how many of them were news."""
    said = [
        {
            "id": one.id,
            "attempt_id": new_id(),
            "state": _STATES[one.state],
            "reason": one.reason,
        }
        for one in {one.id: one for one in receipts}.values()
    ]
    result = session.execute(_TAKE, {"said": orjson.dumps(said).decode(), "channel": channel})
    return int(result.rowcount)  # type: ignore[attr-defined] # a cursor has it
