"""Taking what is due, for a while: a sender that dies gives it back by doing nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from services.notify.models import Channel, Message
from shared.sealing.columns import Sealed
from shared.sealing.ring import SealingError, ring

log = logging.getLogger(__name__)

# A claimed message belongs to its sender for this long; a sender that is gone by then will not come back.
LEASE_SECONDS = 120
_SEALED = {
    column.name: column.type
    for column in Message.__table__.columns  # type: ignore[attr-defined] # every table model has it
    if isinstance(column.type, Sealed)
}

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

_GIVE_BACK = text("update notify.message set next_attempt_at = now() where id = :id")
_FAIL = text("""
update notify.message set state = 'failed', error = :error, completed_at = now()
where id = :id and state in ('created', 'deferred')
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
    a key that is not there wait for it. What cannot be opened although its key is there is failed, and holds up nothing else.
    """
    with Session(engine, expire_on_commit=False) as session:
        given = {"channel": channel, "lease": LEASE_SECONDS, "most": most, "keys": ["", *ring().keys]}
        try:
            claimed = session.scalars(select(Message).from_statement(_CLAIM), given).all()
        except SealingError:
            session.rollback()
            return [], _set_aside(session, given)
        refused = set(session.scalars(_REFUSE, {"ids": [one.id for one in claimed]})) if claimed else set()
        session.commit()
        ours = (one for one in claimed if one.id not in refused)
        return sorted(ours, key=lambda one: (not one.urgent, one.id)), len(claimed) == most


def _set_aside(session: Session, given: Mapping[str, Any]) -> bool:
    """Fail what is due and cannot be opened. Whether there was any."""
    failed = 0
    for row in session.execute(_CLAIM, given).mappings().all():
        try:
            for name, kind in _SEALED.items():
                kind.opened(row[name])
        except SealingError as error:
            session.execute(_FAIL, {"id": row["id"], "error": f"it cannot be opened: {error}"})
            failed += 1
        else:
            session.execute(_GIVE_BACK, {"id": row["id"]})
    session.commit()
    log.error("messages that cannot be opened are failed", extra={"context": {"messages": failed}})
    return failed > 0


def give_up_orphans(engine: Engine, channel: Channel) -> int:
    """Messages whose sender ended while it handed them over are unknown from now on. Returns how many."""
    with engine.begin() as connection:
        orphaned: Any = connection.execute(_ORPHANED, {"channel": channel})
    if orphaned.rowcount:
        log.error("messages in an unknown state are held for an operator", extra={"context": {"messages": orphaned.rowcount}})
    return int(orphaned.rowcount)
