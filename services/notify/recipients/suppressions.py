"""Who is not written to any more, until an operator releases him."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.notify.models import Message, Suppression
from shared.problems import NotFound


def suppress_recipient_of(session: Session, message_id: UUID, reason: str, detail: str) -> bool:
    """Write no more to whom this message went, because of what came back. Whether that is new."""
    told = session.exec(select(Message).where(Message.id == message_id, col(Message.recipient_hash).is_not(None))).first()
    if told is None:
        return False
    # the message's own hash is the suppression's key: both are of the recipient as it was told
    named = {"recipient_hash": told.recipient_hash, "recipient": told.recipient, "channel": told.channel}
    new = insert(Suppression).values(**named, reason=reason, detail=detail, message_id=told.id)
    result: Any = session.execute(new.on_conflict_do_nothing())
    return bool(result.rowcount)


def listed(
    session: Session, *, recipient: bytes | None = None, limit: int = 50, before: datetime | None = None
) -> Sequence[Suppression]:
    """The newest first; `before` is the time of the last one of the page before."""
    query = select(Suppression)
    if recipient is not None:
        query = query.where(Suppression.recipient_hash == recipient)
    if before is not None:
        query = query.where(Suppression.created_at < before)
    return session.exec(query.order_by(col(Suppression.created_at).desc()).limit(limit)).all()


def release(session: Session, recipient: bytes) -> Suppression:
    """Write to him again. What it was is returned. Raises NotFound."""
    found = session.get(Suppression, recipient, with_for_update=True)
    if found is None:
        raise NotFound("This recipient is not on the list")
    session.delete(found)
    return found
