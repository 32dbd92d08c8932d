"""An official's inbox: what he was told, newest first. What is written there is delivered; it is kept for a set time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, func, select, update

from services.notify.models import Message
from services.notify.recipients.addresses import recipient_hash
from services.notify.wording.rendering import Wordings
from shared.problems import NotFound

MANY = 100  # unread ones that are counted; beyond, it is “99+”


def listed(
    session: Session, key: SecretStr, email: str, *, unread: bool = False, limit: int = 50, before: UUID | None = None
) -> Sequence[Message]:
    """What lies in an inbox, newest first; `before` is the last id of the page before."""
    query = select(Message).where(_of(key, email))
    if unread:
        query = query.where(col(Message.read_at).is_(None))
    if before is not None:
        query = query.where(Message.id < before)
    return session.exec(query.order_by(col(Message.id).desc()).limit(limit)).all()


def said(session: Session, wordings: Wordings, message: Message) -> str:
    """What a message says, in a line. Raises KeyError, MissingPlaceholders."""
    session.expunge(message)  # which version of the text it is does not matter here
    return wordings.render(message).subject


def unread(session: Session, key: SecretStr, email: str) -> int:
    """How many were not read, up to MANY."""
    some = select(Message.id).where(_of(key, email), col(Message.read_at).is_(None)).limit(MANY)
    return session.exec(select(func.count()).select_from(some.subquery())).one()


def read(session: Session, key: SecretStr, email: str, ids: Sequence[UUID]) -> None:
    """Note that these were read, as far as they lie in this inbox; the first time counts."""
    mine = and_(_of(key, email), col(Message.id).in_(ids), col(Message.read_at).is_(None))
    session.exec(update(Message).where(mine).values(read_at=datetime.now(UTC)))


def opened(session: Session, key: SecretStr, email: str, message_id: UUID) -> str:
    """The local address that a message leads to; it was read then. Raises NotFound."""
    found = session.exec(select(Message).where(_of(key, email), Message.id == message_id)).first()
    if found is None:
        raise NotFound("No message has the id {id}", id=message_id)
    read(session, key, email, [message_id])
    path: str = found.filling.get("path", "/")
    return path


def _of(key: SecretStr, email: str) -> ColumnElement[bool]:
    return and_(col(Message.channel) == "inbox", col(Message.recipient_hash) == recipient_hash(key, email))
