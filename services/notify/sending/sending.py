"""Sending: each message is claimed, marked, handed over once, and marked again; every try is written down.

A message is marked `sending` and committed just before it is handed over. Whatever ends the process after that leaves the
mark, and the message becomes `unknown` instead of being sent twice (RFC 1047).
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Engine

from services.notify.channels.carrier import Carrier, Outcome, Unreachable
from services.notify.models import Channel, Message
from services.notify.sending.claims import LEASE_SECONDS, claim, give_up_orphans
from services.notify.sending.pacing import Pace
from services.notify.sending.recording import Postponed, Recorder, Tried
from shared.telemetry import tracer_of

log = logging.getLogger(__name__)

A_BATCH = 128
# A turn ends after so many seconds, so that a worker that serves other queues too soon turns to them.
TURN_SECONDS = 2.0
# A carrier that had nothing to do for so long lets go of what it keeps open.
IDLE_SECONDS = 8.0
# A carrier that cannot get through while others can is left alone for so long: the server may want fewer connections.
REST_SECONDS = 5.0
ANSWER_LIMIT = 300


class Sender:
    """Hands over what is due on one channel, over as many carriers at once as it was given: a lane each, with its own thread.

    Lanes outlive a turn: one that waits for a slow server holds up neither the others nor the worker.
    """

    def __init__(self, engine: Engine, channel: Channel, carriers: Iterable[Carrier], pace: Pace | None = None) -> None:
        self._engine = engine
        self._pace = pace
        self._channel = channel
        self._free = [(0.0, number, carrier) for number, carrier in enumerate(carriers)]
        self._recorder = Recorder(engine)
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)  # for the lanes: something is claimed
        self._changed = threading.Condition(self._lock)  # for whoever hands out: there is room again
        # Claimed and not begun: a heap of (not urgent, number, claimed at, message).
        self._claimed: list[tuple[bool, int, float, Message]] = []
        self._numbers = itertools.count()
        self._idle = 0
        self._busy = 0
        self._gone = False
        self._closing = False
        self._sent = 0
        self._last_sent = 0.0

    def turn(self) -> bool:
        """Hand over what is due, for TURN_SECONDS at most. Returns whether more waits for a server that answers."""
        more = self._hand_over(time.monotonic() + TURN_SECONDS)
        give_up_orphans(self._engine, self._channel)
        return more

    def _hand_over(self, until: float) -> bool:
        before = self._sent
        # After a server did not answer, one message finds out whether it does again.
        probing, self._gone = self._gone, False
        while self._has_room(until, probing=probing):
            claimed, more = claim(self._engine, self._channel, 1 if probing else A_BATCH)
            self._hand_out(claimed)
            if not more:
                return False
            if probing:
                self._wait(lambda: self._gone or not (self._claimed or self._busy), until)
                probing = self._busy > 0
        return not self._gone or self._sent > before

    def settle(self, patience: float = 60.0) -> int:
        """Wait until nothing is under way any more. Returns how many were handed over since it was asked last."""
        self._wait(lambda: not self._claimed and not self._busy, time.monotonic() + patience)
        self._recorder.settle(patience)
        with self._lock:
            sent, self._sent = self._sent, 0
        return sent

    def close(self, patience: float = 8.0) -> None:
        """Begin nothing new, wait for what is under way, and let go of what is open. It is not used again."""
        with self._lock:
            self._closing = True
            self._give_back()
            self._more.notify_all()
        self.settle(patience)

    def _wait(self, condition: object, until: float) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(condition, max(0.0, until - time.monotonic())))  # type: ignore[arg-type]

    def _has_room(self, until: float, *, probing: bool) -> bool:
        """Wait until the lanes have nearly done what is claimed. False if time is up, or the server gone."""
        few = 0 if probing else A_BATCH // 2
        return self._wait(lambda: self._gone or len(self._claimed) <= few, until) and not self._gone and time.monotonic() < until

    def _hand_out(self, messages: Iterable[Message]) -> None:
        now = time.monotonic()
        with self._lock:
            for message in messages:
                heapq.heappush(self._claimed, (not message.urgent, next(self._numbers), now, message))
            for _ in range(len(self._claimed) - self._idle):
                if not self._free or self._free[0][0] > now:
                    break
                _, number, carrier = heapq.heappop(self._free)
                self._busy += 1
                threading.Thread(target=self._lane, args=(number, carrier), name=f"{self._channel}-{number}", daemon=True).start()
            self._more.notify(len(self._claimed))

    def _lane(self, number: int, carrier: Carrier) -> None:
        rest = 0.0
        while message := self._next():
            try:
                self._send(carrier, message)
            except Unreachable as error:
                rest = REST_SECONDS
                log.warning("a server cannot be reached", extra={"context": {"channel": self._channel, "cause": error.answer}})
                break
        carrier.close()
        with self._lock:
            self._busy -= 1
            heapq.heappush(self._free, (time.monotonic() + rest if not self._gone and rest else 0.0, number, carrier))
            self._changed.notify_all()

    def _next(self) -> Message | None:
        """A lane's next message. None when there was none for long."""
        with self._lock:
            self._busy -= 1
            self._idle += 1
            if not self._busy:
                self._changed.notify_all()
            message = None
            while not message and self._more.wait_for(lambda: self._claimed or self._closing, IDLE_SECONDS) and self._claimed:
                message = self._popped()
            self._idle -= 1
            self._busy += 1
            return message

    def _popped(self) -> Message | None:
        """The first that is claimed; None if it may not go now. Call it with the lock."""
        _, _, since, message = heapq.heappop(self._claimed)
        if len(self._claimed) in {0, A_BATCH // 2}:
            self._changed.notify_all()
        if time.monotonic() - since > LEASE_SECONDS / 2:  # it is as good as another sender's
            return None
        if self._pace and (wait := self._pace.begin(message)):
            self._recorder.record(Postponed(message.id, wait))
            return None
        return message

    def _give_back(self) -> None:
        """What was claimed and not begun need not wait for the end of the claim. Call it with the lock."""
        self._recorder.record(*(Postponed(message.id) for *_, message in self._claimed))
        self._claimed.clear()
        self._changed.notify_all()

    def _send(self, carrier: Carrier, message: Message) -> None:
        """Hand one message over. Raises Unreachable, which is recorded before."""
        marked = False

        def mark() -> bool:
            nonlocal marked
            marked = self._recorder.mark(message.id)
            return marked

        begun, started_at = time.monotonic(), datetime.now(UTC)
        span = tracer_of("notify").begin(f"notify.send {self._channel}", message.traceparent, kind="client")
        gone: Unreachable | None = None
        outcome: Outcome | None
        try:
            outcome = carrier.carry(message, mark)
        except Unreachable as error:
            gone, outcome = error, Outcome("deferred", error.answer, error.server)
        except Exception as error:  # noqa: BLE001 - must not end the lane
            log.error("a carrier failed", extra={"context": {"channel": self._channel, "cause": type(error).__name__}})  # noqa: TRY400
            carrier.close()
            outcome = Outcome("unknown" if marked else "deferred", f"the carrier failed: {type(error).__name__}")
        failed = outcome is not None and outcome.state not in {"sent", "delivered"}
        span.end(attributes={"madoguchi.message": str(message.id)}, error=outcome.state if outcome and failed else "")
        if outcome is not None:  # else another sender was faster
            self._recorder.record(_tried(carrier, message, outcome, started_at, marked=marked))
        with self._lock:
            if self._pace:
                self._pace.end(message, time.monotonic() - begun)
            if outcome is not None and outcome.state in {"sent", "delivered"}:
                self._sent += 1
                self._last_sent = time.monotonic()
            if gone is not None and self._last_sent < begun:  # nor did anybody else get through
                self._gone = True
                self._give_back()
        if gone is not None:
            raise gone


def _tried(carrier: Carrier, message: Message, outcome: Outcome, started_at: datetime, *, marked: bool) -> Tried:
    number = message.attempts + 1
    state = "failed" if outcome.state == "deferred" and number > len(carrier.backoff) else outcome.state
    answer = outcome.answer.replace("\0", "")[:ANSWER_LIMIT]
    wait = outcome.wait
    if wait is None:  # some jitter, so that what failed together is not tried together
        wait = carrier.backoff[min(number, len(carrier.backoff)) - 1] * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
    return Tried(
        id=message.id,
        marked=marked,
        state=state,
        error=None if state in {"sent", "delivered"} else answer,
        wait=wait if state == "deferred" else 0.0,
        started_at=started_at,
        took_ms=round((datetime.now(UTC) - started_at).total_seconds() * 1000),
        server=outcome.server,
        answer=answer,
        template_version=message.template_version,
    )


def send_some(engine: Engine, channel: Channel, *carriers: Carrier) -> tuple[int, bool]:
    """One turn, waited for, and the carriers closed. Returns how many were taken, and whether more waits."""
    sender = Sender(engine, channel, carriers)
    more = sender.turn()
    sent = sender.settle()
    sender.close()
    return sent, more
