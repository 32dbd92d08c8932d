"""Publishing: the event and its deliveries are written in the caller's own transaction, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import event as sa_event
from sqlalchemy import text
from sqlmodel import Session

from shared.bus.tables import DATA
from shared.events import SUBSCRIBERS, Event
from shared.sealing.columns import seal_document
from shared.telemetry import current_traceparent

if TYPE_CHECKING:
    from shared.bus.bell import Bell

# One round trip for any number of events: as one JSON parameter, which the driver passes much faster than arrays of text.
_WRITE = text("""
with written as (
  insert into bus.event (id, type, source, subject, sequence, time, traceparent, data)
  select id, type, source, subject, sequence, time, traceparent, data
  from json_to_recordset(cast(:events as json)) as e(
    id uuid, type text, source text, subject text, sequence bigint, time timestamptz, traceparent text, data json)
)
insert into bus.delivery (event_id, subscriber, service, source, subject, sequence, ordered)
select event_id, subscriber, service, source, subject, sequence, ordered
from json_to_recordset(cast(:deliveries as json)) as d(
  event_id uuid, subscriber text, service text, source text, subject text, sequence bigint, ordered boolean)
""")


def publish(session: Session, *events: Event) -> None:
    """Write `events` and a delivery for each of their subscribers; the bell rings once the transaction is committed.

    Raises sqlalchemy.exc.IntegrityError if a (source, subject, sequence) was published before.
    """
    if not events:
        return
    trace = current_traceparent()
    rows: list[dict[str, Any]] = []
    deliveries: list[dict[str, Any]] = []
    rings: dict[str, list[str]] = session.info.setdefault("rings", {})
    for event in events:
        key = {"source": event.source, "subject": event.subject, "sequence": event.sequence}
        rows.append(
            {
                **key,
                "id": str(event.id),
                "type": event.type,
                "time": event.time.isoformat(),
                "traceparent": event.traceparent or trace,
                "data": seal_document(DATA, event.data()) if event.personal else event.data(),
            }
        )
        heard = SUBSCRIBERS[event.type]
        deliveries += [
            {
                **key,
                "event_id": str(event.id),
                "subscriber": subscriber.name,
                "service": subscriber.service,
                "ordered": subscriber.ordered,
            }
            for subscriber in heard
        ]
        for service in dict.fromkeys(subscriber.service for subscriber in heard):
            rings.setdefault(service, []).append(str(event.id))
    session.execute(_WRITE, {"events": orjson.dumps(rows).decode(), "deliveries": orjson.dumps(deliveries).decode()})


def ring_after_commit(session: Session, queue: str) -> None:
    """Wake an errand (shared.bus.worker.Work) once the session's transaction is committed."""
    session.info.setdefault("rings", {}).setdefault(queue, [])


def ring_with(bell: Bell | None) -> None:
    """From now on this process rings `bell` for whatever its sessions published, once it is committed."""
    global _bell  # noqa: PLW0603 - a process has one broker, so it has one bell
    _bell = bell


_bell: Bell | None = None


@sa_event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    if session.in_nested_transaction():  # SQLAlchemy also calls this for a savepoint: nothing is committed yet
        return
    for queue, ids in session.info.pop("rings", {}).items():
        if _bell is not None:
            _bell.ring(queue, ids)


@sa_event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if session.in_nested_transaction():  # what was published before the savepoint stays; a ring too many does no harm
        return
    session.info.pop("rings", None)
