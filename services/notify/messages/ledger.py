"""Messages as operators see them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.models import Message
from shared.problems import NotFound


def listed(
    session: Session, *, state: str | None = None, subject: str | None = None, limit: int = 50, before: UUID | None = None
) -> Sequence[Message]:
    """Messages, newest first; `before` is the last id of the page before."""
    query = select(Message)
    if state is not None:
        query = query.where(Message.state == state)
    if subject is not None:
        query = query.where(Message.subject == subject)
    if before is not None:
        query = query.where(Message.id < before)
    return session.exec(query.order_by(col(Message.id).desc()).limit(limit)).all()


def shown(session: Session, message_id: UUID) -> Message:
    """One message. Raises NotFound."""
    found = session.get(Message, message_id)
    if found is None:
        raise NotFound("No message has the id {id}", id=message_id)
    return found
