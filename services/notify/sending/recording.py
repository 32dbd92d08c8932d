"""Marks and outcomes, written together: whatever gathered while the last commit ran goes with the next. There is no timer.

They are written in the order in which they came. So when a lane's mark is committed, the outcome of the lane's message before
it is too, and never more messages are in the gap of RFC 1047 than there are lanes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.notify.sending.claims import LEASE_SECONDS
from shared.database import new_id

log = logging.getLogger(__name__)

A_GROUP = 256
# Seconds between two tries to write down what came of messages while the database is away.
PAUSE = 0.25
_AWAY = (OperationalError, InterfaceError, PoolTimeout)

# One statement, one commit. Marks: only one sender gets past this, even where a slow one outlived its claim and another claimed
# the message too. Outcomes: a sender changes only what is in the state in which it knows the message to be, so that nothing is
# written twice when it is sent twice.
_WRITE = text("""
with marked as (
  update notify.message set state = 'sending', next_attempt_at = now() + make_interval(secs => :lease)
  where id = any(cast(:marks as uuid[])) and state in ('created', 'deferred')
  returning id
), postponed as (
  update notify.message m set next_attempt_at = now() + make_interval(secs => p.wait)
  from json_to_recordset(cast(:postponed as json)) as p (id uuid, wait float8)
  where m.id = p.id and m.state in ('created', 'deferred')
), outcome as (
  select * from json_to_recordset(cast(:outcomes as json)) as o (
    id uuid, marked boolean, state text, error text, wait float8, template_version bigint,
    attempt_id uuid, started_at timestamptz, took_ms bigint, server text, answer text)
), recorded as (
  update notify.message m set state = o.state, error = o.error, attempts = attempts + 1,
         next_attempt_at = now() + make_interval(secs => o.wait), template_version = o.template_version,
         sent_at = case when o.state in ('sent', 'delivered') then now() end,
         completed_at = case when o.state in ('delivered', 'failed', 'unknown') then now() end
  from outcome o
  where m.id = o.id and m.state = any(case when o.marked then array['sending'] else array['created', 'deferred'] end)
  returning m.id, m.attempts
), tried as (
  insert into notify.attempt (id, message_id, number, started_at, took_ms, server, outcome, answer)
  select o.attempt_id, o.id, r.attempts, o.started_at, o.took_ms, o.server, o.state, o.answer
  from recorded r join outcome o using (id)
)
select id from marked
""")


@dataclass(frozen=True)
class Tried:
    """What came of one try."""

    id: UUID
    marked: bool = field(metadata={"doc": "whether it had been marked as being handed over"})
    state: str
    error: str | None
    wait: float
    started_at: datetime
    took_ms: int
    server: str
    answer: str
    template_version: int | None
    attempt_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class Postponed:
    """A claimed message that goes back untouched, to be claimed again after `wait` seconds."""

    id: UUID
    wait: float = 0.0


@dataclass(frozen=True)
class _Marking:
    id: UUID
    answer: Future[bool]


class Recorder:
    """Writes for all lanes of a sender, from a thread of its own, over one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[_Marking | Tried | Postponed] = []
        self._writing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def mark(self, message_id: UUID) -> bool:
        """Whether this sender may hand the message over. Returns after the commit; False as well when there could be none."""
        marking = _Marking(message_id, Future())
        self._add([marking])
        return marking.answer.result()

    def record(self, *given: Tried | Postponed) -> None:
        """To be written soon, and before every mark that is asked for after it. While the database is away, it is tried again."""
        self._add(given)

    def settle(self, patience: float) -> bool:
        """Wait until all is written. Whether it was in so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, patience)

    def _add(self, given: Iterable[_Marking | Tried | Postponed]) -> None:
        with self._changed:
            self._waiting.extend(given)
            if self._thread is None or not self._thread.is_alive():  # not alive: we are in a forked child
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                self._writing = True
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    while group := self._next():
                        self._write(connection, group)
                        failures = 0
            except SQLAlchemyError as error:
                failures += 1
                if failures > 1:  # not only a connection that had died meanwhile
                    self._wait_for_database(error)

    def _next(self) -> list[_Marking | Tried | Postponed]:
        with self._changed:
            group, self._waiting = self._waiting[:A_GROUP], self._waiting[A_GROUP:]
            return group

    def _write(self, connection: Connection, group: list[_Marking | Tried | Postponed]) -> None:
        """A group in one transaction; if that fails, one by one, so that only the bad one is lost. Raises _AWAY."""
        marks = [one for one in group if isinstance(one, _Marking)]
        try:
            marked = set(connection.execute(_WRITE, _values(group)).scalars())
        except Exception as error:
            if isinstance(error, _AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated):
                with self._changed:
                    self._waiting = group + self._waiting
                raise
            if len(group) > 1:
                for one in group:
                    self._write(connection, [one])
                return
            log.error("the outcome of a message cannot be written", extra={"context": {"cause": type(error).__name__}})  # noqa: TRY400
            marked = set()
        for one in marks:
            one.answer.set_result(one.id in marked)

    def _wait_for_database(self, error: Exception) -> None:
        """Nothing is handed over meanwhile. What came of messages is kept as long as it may still be written."""
        log.warning("the database is away; what came of messages is kept", extra={"context": {"cause": type(error).__name__}})
        oldest = datetime.now(UTC).timestamp() - LEASE_SECONDS
        with self._changed:
            marks = [one for one in self._waiting if isinstance(one, _Marking)]
            self._waiting = [one for one in self._waiting if isinstance(one, Tried) and one.started_at.timestamp() > oldest]
        for one in marks:
            one.answer.set_result(False)
        time.sleep(PAUSE)


def _values(group: Iterable[_Marking | Tried | Postponed]) -> dict[str, Any]:
    return {
        "lease": LEASE_SECONDS,
        "marks": [one.id for one in group if isinstance(one, _Marking)],
        "postponed": orjson.dumps([one for one in group if isinstance(one, Postponed)]).decode(),
        "outcomes": orjson.dumps([one for one in group if isinstance(one, Tried)]).decode(),
    }
