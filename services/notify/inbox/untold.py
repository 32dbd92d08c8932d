"""What reached nobody: notices of an office's cases that were not sent, or did not arrive, for those who have duties there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select

from services.notify.models import Message

# Cancelled: not sent, because of what its recipient wishes, or by an operator.
STATES = ("cancelled", "failed", "bounced")
_HAS_DUTIES = text("""
exists (select from identity.duty_of d where d.account_id = :account and d."group" = message.office
        and d.procedure in ('*', message.procedure_id))
""")


def listed(session: Session, account: UUID, *, limit: int = 50, before: UUID | None = None) -> Sequence[Message]:
    """Newest first; `before` is the last id of the page before."""
    query = select(Message).where(
        col(Message.channel).in_(("email", "sms", "letter")),
        col(Message.state).in_(STATES),
        col(Message.client_id).is_(None),
        _HAS_DUTIES.bindparams(bindparam("account", account)),
    )
    if before is not None:
        query = query.where(Message.id < before)
    return session.exec(query.order_by(col(Message.id).desc()).limit(limit)).all()
