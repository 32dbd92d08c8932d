"""Who is not written to any more, until an operator releases him."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Suppression
from shared.problems import NotFound

# A message's own hash is the suppression's key: both are of the recipient as it was told.
_SUPPRESS = text("""
insert into notify.suppression (recipient_hash, recipient, channel, reason, detail, message_id)
select m.recipient_hash, m.recipient, m.channel, :reason, :detail, m.id
from notify.message m where m.id = :id and m.recipient_hash is not null
on conflict do nothing
""")


def suppress_recipient_of(session: Session, message_id: UUID, reason: str, detail: str) -> bool:
    """Write no more to whom this message went, because of what came back. Whether that is new."""
    result: Any = session.execute(_SUPPRESS, {"id": message_id, "reason": reason, "detail": detail})
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
