"""Taking what is due, for a while: a sender that dies gives it back by doing nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from services.notify.models import Channel, Message
from shared.sealing.ring import ring

log = logging.getLogger(__name__)

# A claimed message belongs to its sender for this long; a sender that is gone by then will not come back.
LEASE_SECONDS = 120

_CLAIM = text("""
update notify.message m set next_attempt_at = now() + make_interval(secs => :lease)
from (select id from notify.message
      where channel = :channel and state in ('created', 'deferred') and next_attempt_at <= now() and not digest
        and not exists (select from notify.channel_pause p where p.channel = :channel)
        and coalesce(filling ->> '~', '') = any(:keys)
        and not exists (select from operation.switch s where :channel = 'webhook' and s.name = 'webhooks' and not s."on")
      order by urgent desc, next_attempt_at limit :most for update skip locked) due
where m.id = due.id
returning m.*
""")

# Nothing is handed over to who is not written to any more (services.notify.recipients.suppressions).
_REFUSE = text("""
update notify.message m
set state = 'failed', error = 'the recipient is suppressed: ' || s.reason, completed_at = now()
from notify.suppression s
where m.id = any(:ids) and s.recipient_hash = m.recipient_hash and s.channel = m.channel
  and m.state in ('created', 'deferred')
returning m.id
""")

# The sender of these is gone: nobody can know whether the server took them.
_ORPHANED = text("""
update notify.message
set state = 'unknown', error = 'the sender ended while the message was handed over', attempts = attempts + 1, completed_at = now()
where channel = :channel and state = 'sending' and next_attempt_at <= now()
""")


def claim(engine: Engine, channel: Channel, most: int) -> tuple[Sequence[Message], bool]:
    """What is due on a channel, the urgent first, now the caller's for LEASE_SECONDS; and whether more may be due.

    The messages belong to no session. Those to suppressed recipients are failed, and not among them; those that are sealed with
    a key that is not there wait for it.
    """
    with Session(engine, expire_on_commit=False) as session:
        given = {"channel": channel, "lease": LEASE_SECONDS, "most": most, "keys": ["", *ring().keys]}
        claimed = session.scalars(select(Message).from_statement(_CLAIM), given).all()
        refused = set(session.scalars(_REFUSE, {"ids": [one.id for one in claimed]})) if claimed else set()
        session.commit()
        ours = (one for one in claimed if one.id not in refused)
        return sorted(ours, key=lambda one: (not one.urgent, one.id)), len(claimed) == most


def give_up_orphans(engine: Engine, channel: Channel) -> int:
    """Messages whose sender ended while it handed them over are unknown from now on. Returns how many."""
    with engine.begin() as connection:
        orphaned: Any = connection.execute(_ORPHANED, {"channel": channel})
    if orphaned.rowcount:
        log.error("messages in an unknown state are held for an operator", extra={"context": {"messages": orphaned.rowcount}})
    return int(orphaned.rowcount)
