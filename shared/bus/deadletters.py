"""Dead letters: deliveries that failed for good. An operator sees them, mends the cause, and replays or discards them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from shared.bus.tables import DATA
from shared.problems import NotFound
from shared.sealing.columns import open_document
from shared.sealing.ring import SealingError

if TYPE_CHECKING:
    from sqlmodel import Session

_COLUMNS = "d.event_id, d.subscriber, e.type, d.source, d.subject, d.sequence, d.attempts, d.error, d.due as since, e.time"


def listed(session: Session, *, limit: int = 200) -> list[dict[str, Any]]:
    """The dead deliveries, the longest dead first, without what the events carry."""
    rows = session.execute(
        text(
            f"select {_COLUMNS} from bus.delivery d join bus.event e on e.id = d.event_id "  # noqa: S608 - a constant
            "where d.state = 'dead' order by d.due limit :limit"
        ),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def shown(session: Session, event_id: UUID) -> list[dict[str, Any]]:
    """The dead deliveries of one event, with the payload. Raises NotFound."""
    rows = session.execute(
        text(
            f"select {_COLUMNS}, e.traceparent, e.data from bus.delivery d join bus.event e on e.id = d.event_id "  # noqa: S608
            "where d.state = 'dead' and d.event_id = :id order by d.subscriber"
        ),
        {"id": event_id},
    ).mappings()
    found = [{**row, "data": _payload(row["data"])} for row in rows]
    if not found:
        raise NotFound("No dead letter has the id {id}", id=event_id)
    return found


def _payload(data: Any) -> Any:
    try:
        return open_document(DATA, data)
    except SealingError as error:
        return {"sealed": str(error)}


def replay(session: Session, event_id: UUID | None = None, subscriber: str | None = None) -> list[UUID]:
    """Give dead deliveries all their attempts again: one event's, one subscriber's, or all. Returns their event ids.

    The event keeps its id, so what an earlier attempt already did is not done again. The sweeper rings for them.
    """
    rows = session.execute(
        text("""
            update bus.delivery set state = 'waiting', attempts = 0, unanswered = 0, due = now()
            where state = 'dead' and (cast(:id as uuid) is null or event_id = :id)
              and (cast(:subscriber as text) is null or subscriber = :subscriber)
            returning event_id
        """),
        {"id": event_id, "subscriber": subscriber},
    )
    return [row.event_id for row in rows]


def waiting(session: Session) -> list[dict[str, Any]]:
    """For each subscriber with undone deliveries: how many wait, how many are dead, and the age of the oldest in seconds."""
    rows = session.execute(
        text("""
            select subscriber,
                   count(*) filter (where state = 'waiting') as waiting,
                   count(*) filter (where state = 'dead') as dead,
                   coalesce(extract(epoch from now() - min(due) filter (where state = 'waiting' and due <= now())), 0)::float
                     as oldest
            from bus.delivery where state <> 'done' group by subscriber order by subscriber
        """)
    )
    return [dict(row) for row in rows.mappings()]
