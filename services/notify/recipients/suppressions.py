"""Addresses that are not written to any more, until an operator releases them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Suppression
from services.notify.recipients.addresses import normalised
from shared.problems import NotFound

log = logging.getLogger(__name__)

# A message's own hash is the suppression's key: both are of the recipient as it was told.
_SUPPRESS = text("""
insert into notify.suppression (recipient_hash, recipient, channel, reason, detail, message_id, created_by)
select m.recipient_hash, m.recipient, m.channel, :reason, :detail, m.id, ''
from notify.message m where m.id = :id and m.recipient_hash is not null
on conflict do nothing
""")


def suppress_recipient_of(session: Session, message_id: UUID, reason: str, detail: str) -> bool:
    """Write no more to whom this message went, because of what came back. Whether that is new."""
    result: Any = session.execute(_SUPPRESS, {"id": message_id, "reason": reason, "detail": detail})
    return bool(result.rowcount)


def suppress(session: Session, recipient_hash: bytes, recipient: str, channel: str, *, by: str, detail: str = "") -> Suppression:
    """Write no more to a recipient, because an operator says so. What is suppressed already stays as it is."""
    found = session.get(Suppression, recipient_hash)
    if found is None:
        found = Suppression(
            recipient_hash=recipient_hash,
            recipient=normalised(recipient),
            channel=channel,
            reason="operator",
            detail=detail,
            created_by=by,
        )
        session.add(found)
        session.flush()
    return found


def release(session: Session, recipient_hash: bytes, *, by: str) -> Suppression:
    """Write to a recipient again. What failed meanwhile stays failed, and can be sent again. Raises NotFound."""
    found = session.get(Suppression, recipient_hash)
    if found is None:
        raise NotFound("This recipient is written to: nothing is to be released")
    session.delete(found)
    session.flush()
    log.info("a recipient is written to again", extra={"context": {"reason": found.reason, "by": by}})
    return found


def suppressed(session: Session, *, limit: int = 50, before: bytes | None = None) -> Sequence[Suppression]:
    """Who is not written to, the newest first. `before` is the recipient_hash of the last one on the page before."""
    query = select(Suppression).order_by(col(Suppression.created_at).desc(), col(Suppression.recipient_hash).desc())
    if before is not None and (last := session.get(Suppression, before)):
        query = query.where(
            (col(Suppression.created_at) < last.created_at)
            | ((col(Suppression.created_at) == last.created_at) & (col(Suppression.recipient_hash) < last.recipient_hash))
        )
    return session.exec(query.limit(limit)).all()
