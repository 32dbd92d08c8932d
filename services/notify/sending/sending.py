"""Sending: each message is claimed, marked, handed over once, and marked again; every try is written down.

A message is marked `sending` and committed just before it is handed over. Whatever ends the process after that leaves the
mark, and the message becomes `unknown` instead of being sent twice (RFC 1047).
"""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.notify.channels.carrier import Carrier, Outcome, Unreachable
from services.notify.models import Attempt, Channel, Message

log = logging.getLogger(__name__)

A_BATCH = 25
# A claimed message belongs to its sender for this long; a sender that is gone by then will not come back.
LEASE_SECONDS = 120
ANSWER_LIMIT = 300

_CLAIM = text("""
update notify.message m set next_attempt_at = now() + make_interval(secs => :lease)
from (select id from notify.message
      where channel = :channel and state in ('created', 'deferred') and next_attempt_at <= now() and not digest
        and not exists (select from notify.channel_pause p where p.channel = :channel)
      order by urgent desc, next_attempt_at limit :most for update skip locked) due
where m.id = due.id
returning m.id
""")

# The sender of these is gone: nobody can know whether the server took them.
_ORPHANED = text("""
update notify.message
set state = 'unknown', error = 'the sender ended while the message was handed over', attempts = attempts + 1, completed_at = now()
where channel = :channel and state = 'sending' and next_attempt_at <= now()
""")

# Only one sender gets past this, even where a slow one outlived its claim and another claimed the message too.
_MARK = text("""
update notify.message set state = 'sending', next_attempt_at = now() + make_interval(secs => :lease)
where id = :id and state in ('created', 'deferred')
returning id
""")

# A sender changes only what is in the state in which it knows the message to be.
_RECORD = text("""
update notify.message set state = :state, error = :error, attempts = attempts + 1,
       next_attempt_at = now() + make_interval(secs => :wait),
       sent_at = case when :state in ('sent', 'delivered') then now() end,
       completed_at = case when :state in ('delivered', 'failed', 'unknown') then now() end
where id = :id and state = any(:expected)
returning id
""")

# What was claimed but not reached when the server went away need not wait for the end of the claim.
_RELEASE = text("update notify.message set next_attempt_at = now() where id = any(:ids) and state in ('created', 'deferred')")


def send_some(engine: Engine, channel: Channel, carrier: Carrier) -> tuple[int, bool]:
    """Send a batch of what waits on a channel. Returns how many were taken, and whether more waits for a server that answers.

    Only a batch, so that a worker that serves other queues too soon turns to them.
    """
    with Session(engine) as session:
        orphaned: Any = session.execute(_ORPHANED, {"channel": channel})
        ids = list(session.scalars(_CLAIM, {"channel": channel, "lease": LEASE_SECONDS, "most": A_BATCH}))
        session.commit()
        if orphaned.rowcount:
            log.error("messages in an unknown state are held for an operator", extra={"context": {"messages": orphaned.rowcount}})
        return send_claimed(session, carrier, ids) if ids else (0, False)


def send_claimed(session: Session, carrier: Carrier, ids: list[UUID]) -> tuple[int, bool]:
    """Hand over what was claimed. A server that cannot be reached ends the batch: the rest is tried with the next one."""
    more = len(ids) == A_BATCH
    sent = 0
    untouched = list(ids)
    while untouched:
        message = session.get_one(Message, untouched.pop(0), populate_existing=True)
        if message.state not in {"created", "deferred"}:  # another sender was faster
            continue
        try:
            sent += _send(session, carrier, message)
        except Unreachable as error:
            log.warning("a server cannot be reached", extra={"context": {"channel": message.channel, "cause": error.answer}})
            session.execute(_RELEASE, {"ids": untouched})
            session.commit()
            return sent, bool(sent and untouched)
    return sent, more


def _send(session: Session, carrier: Carrier, message: Message) -> int:
    """Hand one message over. Returns 1 if it was taken. Raises Unreachable, which is recorded before."""
    marked = False

    def mark() -> bool:
        nonlocal marked
        marked = session.scalar(_MARK, {"id": message.id, "lease": LEASE_SECONDS}) is not None
        session.commit()
        return marked

    begun, started_at = time.monotonic(), datetime.now(UTC)
    gone: Unreachable | None = None
    try:
        outcome = carrier.carry(message, mark)
    except Unreachable as error:
        gone, outcome = error, Outcome("deferred", error.answer, error.server)
    if outcome is None:
        return 0
    number = message.attempts + 1
    if outcome.state == "deferred" and number > len(carrier.backoff):
        outcome = Outcome("failed", outcome.answer, outcome.server)
    wait = outcome.wait
    if wait is None:  # some jitter, so that what failed together is not tried together
        wait = carrier.backoff[min(number, len(carrier.backoff)) - 1] * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret
    fine = outcome.state in {"sent", "delivered"}
    values = {
        "id": message.id,
        "expected": ["sending"] if marked else ["created", "deferred"],
        "state": outcome.state,
        "error": None if fine else outcome.answer[:ANSWER_LIMIT],
        "wait": wait if outcome.state == "deferred" else 0,
    }
    recorded = session.scalar(_RECORD, values)
    if recorded is not None:
        took = round((time.monotonic() - begun) * 1000)
        session.add(
            Attempt(
                message_id=message.id,
                number=number,
                started_at=started_at,
                took_ms=took,
                server=outcome.server,
                outcome=outcome.state,
                answer=outcome.answer[:ANSWER_LIMIT],
            )
        )
    session.commit()
    session.expire(message)
    if gone is not None:
        raise gone
    return int(fine)
