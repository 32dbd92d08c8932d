"""Who is not written to any more, as operators see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from services.notify.models import Suppression
from shared.problems import NotFound


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
