"""One message of the ledger, and every try to deliver it. Finding many: services.notify.messages.finding."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.models import Attempt, Message
from shared.problems import NotFound

MOST_TRIES = 200


def shown(session: Session, message_id: UUID) -> Message:
    """One message. Raises NotFound."""
    found = session.get(Message, message_id, populate_existing=True)
    if found is None:
        raise NotFound("No message has the id {id}", id=message_id)
    return found


def tries(session: Session, message_id: UUID) -> Sequence[Attempt]:
    """Every try, the newest first."""
    query = select(Attempt).where(Attempt.message_id == message_id).order_by(col(Attempt.started_at).desc()).limit(MOST_TRIES)
    return session.exec(query).all()
