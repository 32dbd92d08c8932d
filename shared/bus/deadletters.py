"""Dead letters: deliveries that failed for good. An operator sees them, mends the cause, and replays or discards them.

What operators do with them is noted in the same transaction (shared.operation.acts).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import text

from shared.bus.tables import Event as Kept
from shared.events import ENVELOPE, EVENTS
from shared.operation.acts import Operator, note, note_look, reason_of
from shared.problems import Conflict, FieldError, Invalid, NotFound, json_pointer
from shared.validation import body_errors

if TYPE_CHECKING:
    from sqlmodel import Session

_COLUMNS = "d.event_id, d.subscriber, e.type, d.source, d.subject, d.sequence, d.attempts, d.error, d.due as since, e.time"


def listed(session: Session, *, subscriber: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """The dead deliveries, of all subscribers or one, the longest dead first, without what the events carry."""
    rows = session.execute(
        text(
            f"select {_COLUMNS} from bus.delivery d join bus.event e on e.id = d.event_id "  # noqa: S608 - a constant
            "where d.state = 'dead' and (cast(:subscriber as text) is null or d.subscriber = :subscriber) "
            "order by d.due limit :limit"
        ),
        {"subscriber": subscriber, "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


def shown(session: Session, by: Operator, event_id: UUID) -> list[dict[str, Any]]:
    """The dead deliveries of one event, with its payload; that somebody looked is noted. Raises NotFound."""
    rows = session.execute(
        text(
            f"select {_COLUMNS}, e.traceparent from bus.delivery d join bus.event e on e.id = d.event_id "  # noqa: S608
            "where d.state = 'dead' and d.event_id = :id order by d.subscriber"
        ),
        {"id": event_id},
    ).mappings()
    found = [dict(row) for row in rows]
    if not found:
        raise _no_such(event_id)
    note_look(session, by, "dead-letter.shown", event_id)
    data = _kept(session, event_id).data
    return [{**row, "data": data} for row in found]


def replay(session: Session, by: Operator, event_id: UUID | None = None, subscriber: str | None = None) -> list[UUID]:
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
    replayed = [row.event_id for row in rows]
    if replayed:
        note(session, by, "dead-letter.replayed", event_id or "all", subscriber=subscriber or "all", deliveries=len(replayed))
    return replayed


def discard(session: Session, by: Operator, event_id: UUID, reason: str, subscriber: str | None = None) -> list[str]:
    """Give an event's dead deliveries up for good: one subscriber's, or all. What waits behind them goes on.

    Returns the subscribers that will never hear of it. Raises NotFound, Invalid without a reason.
    """
    why = reason_of(reason)
    rows = session.execute(
        text("""
            update bus.delivery set state = 'discarded', done_at = now()
            where state = 'dead' and event_id = :id and (cast(:subscriber as text) is null or subscriber = :subscriber)
            returning subscriber
        """),
        {"id": event_id, "subscriber": subscriber},
    )
    discarded = sorted(row.subscriber for row in rows)
    if not discarded:
        raise _no_such(event_id)
    note(session, by, "dead-letter.discarded", event_id, reason=why, subscribers=discarded)
    return discarded


def edit(session: Session, by: Operator, event_id: UUID, written: str, reason: str) -> None:
    """Change what an event carries, for the subscribers that are still to hear of it. `written` is a JSON object.

    It has to fit the event's contract. The trace has the SHA-256 of what it was and is, never the contents. Raises NotFound;
    Conflict for an event of which no contract is known; Invalid, with the places that do not fit.
    """
    why = reason_of(reason)
    dead = text("select from bus.delivery where event_id = :id and state = 'dead' for update")
    if session.execute(dead, {"id": event_id}).first() is None:
        raise _no_such(event_id)
    kept = _kept(session, event_id)
    data = _fitting(kept, written)
    before, kept.data = kept.data, data
    session.flush()
    note(session, by, "dead-letter.edited", event_id, reason=why, type=kept.type, before=_digest(before), after=_digest(data))


def waiting(session: Session) -> list[dict[str, Any]]:
    """For each subscriber with undone deliveries: how many wait, how many are dead, and the age of the oldest in seconds."""
    rows = session.execute(
        text("""
            select subscriber,
                   count(*) filter (where state = 'waiting') as waiting,
                   count(*) filter (where state = 'dead') as dead,
                   coalesce(extract(epoch from now() - min(due) filter (where state = 'waiting' and due <= now())), 0)::float
                     as oldest
            from bus.delivery where state in ('waiting', 'dead') group by subscriber order by subscriber
        """)
    )
    return [dict(row) for row in rows.mappings()]


def _kept(session: Session, event_id: UUID) -> Kept:
    kept = session.get(Kept, event_id)
    if kept is None:
        raise _no_such(event_id)
    return kept


def _no_such(event_id: UUID) -> NotFound:
    return NotFound("No dead letter has the id {id}", id=event_id)


def _fitting(kept: Kept, written: str) -> dict[str, Any]:
    """What was written, if it fits the contract of the event. A field that was there before may stay, known or not."""
    contract = EVENTS.get(kept.type)
    if contract is None:
        raise Conflict("No contract is known for {type}", type=kept.type)
    try:
        data = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        wrong = FieldError("/data", "This is no JSON (line {line}, column {column})", place)
        raise Invalid("The event cannot be changed so", errors=[wrong]) from None
    if not isinstance(data, dict):
        raise Invalid("The event cannot be changed so", errors=[FieldError("/data", "Write a JSON object here")])
    known = (contract.model_fields.keys() | kept.data.keys()) - ENVELOPE
    errors = [FieldError(json_pointer("data", name), "Take this out; it is not known here") for name in data if name not in known]
    try:
        contract(**{name: data[name] for name in data if name in known}, subject=kept.subject, sequence=kept.sequence)
    except ValidationError as error:
        errors += [FieldError(f"/data{one.pointer}", one.detail, one.values) for one in body_errors(error.errors())]
    if errors:
        raise Invalid("The event cannot be changed so", errors=errors)
    return data


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
