"""Delivering: what the bell announced is locked, handled in bulk, and marked done in the transaction of its own effects."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shared.bus.tables import DATA
from shared.bus.tracing import traced
from shared.events import EVENTS, SUBSCRIBERS, Event
from shared.sealing.columns import open_document
from shared.sealing.ring import SealingError

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Session, list[Any]], None]
# (subscriber, event id)
Key: TypeAlias = tuple[str, UUID]

MAX_ATTEMPTS = 8
# Seconds before the 2nd, 3rd … attempt, with jitter: about 40 minutes in all.
BACKOFF = (2.0, 10.0, 30.0, 120.0, 300.0, 600.0, 1200.0)
# Rings without an answer after which a delivery is suspected of killing its worker and is handled alone.
SUSPECT_AFTER = 3


@dataclass(frozen=True)
class Post:
    """A service's side of the bus: its name, its database (with its own role), and its handlers by name."""

    service: str
    engine: Engine
    handlers: dict[str, Handler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse to start when the table of subscribers and the handlers do not say the same."""
        named = {s.name for heard in SUBSCRIBERS.values() for s in heard if s.service == self.service}
        if named != {f"{self.service}.{name}" for name in self.handlers}:
            raise LookupError(f"handlers of {self.service} {sorted(self.handlers)} do not match SUBSCRIBERS {sorted(named)}")

    def session(self) -> Session:
        """A new session on this service's database."""
        return Session(self.engine)

    def handler(self, subscriber: str) -> Handler:
        """The function behind a subscriber's name."""
        return self.handlers[subscriber.partition(".")[2]]


@dataclass(frozen=True)
class Claimed:
    """A locked delivery with its event."""

    event_id: UUID
    subscriber: str
    attempts: int
    unanswered: int
    ordered: bool
    source: str
    subject: str
    sequence: int
    event: Event | None
    problem: str = ""

    @property
    def key(self) -> Key:
        """What identifies the delivery."""
        return self.subscriber, self.event_id


# A delivery is not claimed while an earlier one for the same subscriber, source and subject is undone, unless it says that
# order is nothing to it. Ids come from the bell; whatever was handled or is locked by another worker falls out here.
_CLAIM = text("""
select d.event_id, d.subscriber, d.attempts, d.unanswered, d.ordered,
       e.type, e.source, e.subject, e.sequence, e.time, e.traceparent, e.data
from bus.delivery d join bus.event e on e.id = d.event_id
where d.service = :service and d.event_id = any(:ids) and d.state = 'waiting' and d.due <= now()
  and (not d.ordered or not exists (
    select from bus.delivery p
    where p.subscriber = d.subscriber and p.source = d.source and p.subject = d.subject
      and p.sequence < d.sequence and p.state in ('waiting', 'dead')))
order by d.event_id
for update of d skip locked
""")

_DONE = text("""
update bus.delivery set state = 'done', done_at = now(), attempts = attempts + 1, error = null
where subscriber = :subscriber and event_id = any(:ids)
""")

_FAILED = text("""
update bus.delivery
set attempts = attempts + 1, error = :error, unanswered = 0,
    state = case when attempts + 1 >= :most then 'dead' else 'waiting' end,
    due = now() + make_interval(secs => :wait)
where subscriber = :subscriber and event_id = :id
""")

# What had to wait for the ones just handled. Only the next of each subject: the one after waits for that.
_NEXT = text("""
select distinct n.event_id
from json_to_recordset(cast(:handled as json)) as d (subscriber text, source text, subject text, sequence bigint)
cross join lateral (
  select w.event_id, w.ordered, w.due, w.state from bus.delivery w
  where w.subscriber = d.subscriber and w.source = d.source and w.subject = d.subject and w.sequence > d.sequence
    and w.state in ('waiting', 'dead')
  order by w.sequence limit 1
) n
where n.state = 'waiting' and n.ordered and n.due <= now()
""")


def deliver(post: Post, ids: Sequence[UUID]) -> int:
    """Handle what waits of the events `ids` for this service, and what waited for those. Returns how many were handled.

    Raises OperationalError when the database is away; nothing is lost then, the sweeper rings again.
    """
    handled = 0
    pending = list(ids)
    while pending:
        with post.session() as session:
            claimed = _claim(session, post.service, pending)
            suspects = [one for one in claimed if one.unanswered >= SUSPECT_AFTER]
            if suspects:
                session.rollback()
                handled += sum(_deliver_alone(post, one) for one in suspects)
                tried = {one.event_id for one in suspects}
                pending = [one for one in pending if one not in tried]
                continue
            if not claimed:
                break
            started = time.perf_counter()
            failed = _handle_all(post, session, claimed)
            session.commit()
            handled += len(claimed) - failed
            log.info(
                "delivered",
                extra={
                    "context": {
                        "service": post.service,
                        "deliveries": len(claimed),
                        "failed": failed,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                    }
                },
            )
            pending = _next(session, claimed)
    return handled


def _next(session: Session, handled: list[Claimed]) -> list[UUID]:
    keys = [
        {"subscriber": one.subscriber, "source": one.source, "subject": one.subject, "sequence": one.sequence}
        for one in handled
        if one.ordered
    ]
    return list(session.scalars(_NEXT, {"handled": orjson.dumps(keys).decode()})) if keys else []


def _claim(session: Session, service: str, ids: Sequence[UUID]) -> list[Claimed]:
    return [_read(row) for row in session.execute(_CLAIM, {"service": service, "ids": list(ids)}).mappings()]


def _read(row: Any) -> Claimed:
    event, problem = None, ""
    contract = EVENTS.get(row["type"])
    envelope = {"id": row["event_id"], **{name: row[name] for name in ("subject", "sequence", "time", "traceparent")}}
    try:
        if contract is None:
            problem = f"no contract is known for {row['type']}"
        elif contract.source != row["source"]:  # the database sees to it that each publishes as itself, whatever it says
            problem = f"{row['type']} is not for {row['source']} to publish"
        else:
            event = contract(**{**open_document(DATA, row["data"]), **envelope})
    except SealingError as error:
        problem = str(error)
    except ValidationError as error:
        problem = f"{row['type']} does not fit its contract: " + "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors()[:5]
        )
    columns = ("event_id", "subscriber", "attempts", "unanswered", "ordered", "source", "subject", "sequence")
    return Claimed(**{name: row[name] for name in columns}, event=event, problem=problem)


def _handle_all(post: Post, session: Session, claimed: list[Claimed]) -> int:
    """Handle the batch, kind by kind, each in its own savepoint. Returns how many failed."""
    failed = 0
    kinds: dict[tuple[str, type | None], list[Claimed]] = {}
    for one in claimed:
        kinds.setdefault((one.subscriber, type(one.event) if one.event else None), []).append(one)
    for (subscriber, _), batch in kinds.items():
        readable = [one for one in batch if one.event is not None]
        for one in batch:
            if one.event is None:
                _fail(session, one, one.problem)
                failed += 1
        if readable:
            failed += _handle_batch(post, session, subscriber, readable)
    return failed


def _handle_batch(post: Post, session: Session, subscriber: str, batch: list[Claimed]) -> int:
    """All at once; if that fails, one by one, so that only the bad ones wait. Returns how many failed."""
    error = _attempt(post, session, subscriber, batch)
    if error is None:
        return 0
    if len(batch) == 1:
        _fail(session, batch[0], error)
        return 1
    log.warning(
        "a batch failed and is replayed one by one",
        extra={"context": {"subscriber": subscriber, "batch": len(batch), "cause": error.splitlines()[0][:200]}},
    )
    failed = 0
    for one in batch:
        error = _attempt(post, session, subscriber, [one])
        if error is not None:
            _fail(session, one, error)
            failed += 1
    return failed


def _attempt(post: Post, session: Session, subscriber: str, batch: list[Claimed]) -> str | None:
    """Run the handler and mark its deliveries done, in one savepoint. Returns what went wrong, or None."""
    spans, events = traced(post.service, subscriber, [one.event for one in batch if one.event is not None])
    error = _handle(post, session, subscriber, batch, events)
    for span in spans:
        span.end(attributes={"madoguchi.batch": len(batch)}, error=error or "")
    return error


def _handle(post: Post, session: Session, subscriber: str, batch: list[Claimed], events: list[Event]) -> str | None:
    try:
        with session.begin_nested():
            post.handler(subscriber)(session, events)
            session.flush()
            session.execute(_DONE, {"subscriber": subscriber, "ids": [one.event_id for one in batch]})
    except OperationalError as error:
        if error.connection_invalidated:
            raise  # the database is away: nothing can be recorded, the sweeper rings again
        return _describe(error)
    except Exception as error:  # noqa: BLE001 - whatever a handler does wrong belongs into the row, where an operator sees it
        return _describe(error)
    return None


def _describe(error: Exception) -> str:
    """Kind and place of an error, without its text: that may quote an applicant. A missing key is named."""
    if isinstance(error, SealingError):
        return str(error)
    trace, place = error.__traceback__, ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith(("services.", "shared.")):
            place = f" in {name}.{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}"


def _fail(session: Session, one: Claimed, error: str) -> None:
    wait = BACKOFF[min(one.attempts, len(BACKOFF) - 1)] * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
    session.execute(
        _FAILED,
        {"subscriber": one.subscriber, "id": one.event_id, "error": error[:2000], "most": MAX_ATTEMPTS, "wait": wait},
    )
    log.error(
        "a delivery failed",
        extra={
            "context": {
                "subscriber": one.subscriber,
                "event": str(one.event_id),
                "attempt": one.attempts + 1,
                "cause": error[:200],
            }
        },
    )


_LEASE = text("""
update bus.delivery d
set attempts = attempts + 1, error = 'the worker died while handling it',
    state = case when attempts + 1 >= :most then 'dead' else 'waiting' end,
    due = now() + make_interval(secs => :wait)
where subscriber = :subscriber and event_id = :id and state = 'waiting' and due <= now()
returning state
""")

# Locks it, and takes the count back: handling counts the attempt itself, unless the worker dies and this is undone.
_TAKE = text("""
update bus.delivery set attempts = attempts - 1
where subscriber = :subscriber and event_id = :id and state = 'waiting'
returning event_id
""")


def _deliver_alone(post: Post, one: Claimed) -> int:
    """Handle a delivery that may have killed its worker: the attempt is counted before it begins. Returns 1 if it was done."""
    wait = BACKOFF[min(one.attempts, len(BACKOFF) - 1)]
    key = {"subscriber": one.subscriber, "id": one.event_id}
    with post.session() as session:
        state = session.execute(_LEASE, {**key, "most": MAX_ATTEMPTS, "wait": wait}).scalar()
        session.commit()
    if state != "waiting":
        return 0
    with post.session() as session:
        locked = session.execute(_TAKE, key).first()
        if locked is None:
            return 0
        failed = _handle_all(post, session, [one])
        session.commit()
    return 1 - failed
