"""One mail a day: what waits for an official goes as one message, and is marked as part of it in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select, update

from services.notify.models import QUEUES, Message
from services.notify.wording.rendering import Wordings
from shared.bus.publish import ring_after_commit
from shared.database import new_id
from shared.i18n import Language, message, translate

QUEUE = "post-digests"
RECIPIENTS_A_TURN = 50
MOST_SHOWN = 50
TEMPLATE = "digest"

# One at a time, so that what waits for somebody is not cut into two digests.
_ALONE = text("select pg_try_advisory_xact_lock(hashtextextended('notify.digests', 0))")
_DUE = text("""
select recipient_hash from notify.message
where digest and state = 'created' and next_attempt_at <= now() group by 1 limit :most
""")


def merge_some(engine: Engine, wordings: Wordings) -> bool:
    """Make the digests that are due, for some recipients in one transaction; whether there may be more."""
    with Session(engine) as session:
        if not session.scalar(_ALONE):
            return False
        due = list(session.scalars(_DUE, {"most": RECIPIENTS_A_TURN}))
        for recipient in due:
            _merge(session, recipient, wordings)
        if due:
            ring_after_commit(session, QUEUES["email"])
        session.commit()
        return len(due) == RECIPIENTS_A_TURN


def _merge(session: Session, recipient: bytes, wordings: Wordings) -> None:
    now = datetime.now(UTC)
    waiting = select(Message).where(
        Message.recipient_hash == recipient, col(Message.digest), Message.state == "created", col(Message.next_attempt_at) <= now
    )
    merged = session.exec(waiting.order_by(col(Message.id)).with_for_update(skip_locked=True)).all()
    if not merged:
        return
    newest = merged[-1]
    digest_id = new_id()
    rest = len(merged) - MOST_SHOWN
    shown = [wordings.render(one).subject for one in merged[:MOST_SHOWN]]
    session.add(
        Message(
            id=digest_id,
            event_id=digest_id,
            subject=str(digest_id),
            template=TEMPLATE,
            language=newest.language,
            recipient=newest.recipient,
            recipient_hash=recipient,
            filling={
                "name": newest.filling.get("name", ""),
                "count": str(len(merged)),
                "items": shown,
                "more": translate(message("and {number} more"), cast("Language", newest.language), number=rest)
                if rest > 0
                else "",
                "path": "/notify/inbox",
            },
        )
    )
    ids: list[UUID] = [one.id for one in merged]
    change: dict[str, Any] = {"state": "merged", "merged_into": digest_id, "completed_at": now}
    session.exec(update(Message).where(col(Message.id).in_(ids)).values(change))
