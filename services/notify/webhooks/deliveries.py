"""The log of what a webhook was told: each message with its tries; and telling it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Attempt, Message, State, Webhook
from services.notify.webhooks.calling import PING, WEBHOOKS, row_for
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.problems import Conflict, NotFound, TooMany

# As many as one request replays.
MOST_REPLAYED = 10_000
PINGS_A_MINUTE = 10
REPLAYABLE: tuple[State, ...] = ("delivered", "failed", "unknown", "cancelled")
# What did not reach its receiver.
LOST: tuple[State, ...] = ("failed", "unknown", "cancelled")

_PINGS = text("""
select count(*) from notify.message
where channel = 'webhook' and recipient = :webhook and template = :kind and created_at > now() - interval '1 minute'
""")
_REPLAY = text("""
update notify.message m
set state = 'created', attempts = 0, next_attempt_at = now(), error = null, sent_at = null, completed_at = null
from (select id from notify.message
      where channel = 'webhook' and recipient = :webhook and state = any(:states)
        and (cast(:id as uuid) is null or id = :id) and (cast(:since as timestamptz) is null or created_at >= :since)
      order by id limit :most for update) again
where m.id = again.id returning m.id
""")


def listed(
    session: Session, webhook: Webhook, *, state: State | None = None, limit: int = 50, before: UUID | None = None
) -> Sequence[Message]:
    """What was to be told to a webhook, newest first; `before` is the last id of the page before."""
    query = select(Message).where(col(Message.channel) == "webhook", col(Message.recipient) == str(webhook.id))
    if state is not None:
        query = query.where(Message.state == state)
    if before is not None:
        query = query.where(Message.id < before)
    return session.exec(query.order_by(col(Message.id).desc()).limit(limit)).all()


def tries(session: Session, messages: Iterable[Message]) -> dict[UUID, list[Attempt]]:
    """Message → its tries, in their order."""
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    query = select(Attempt).where(col(Attempt.message_id).in_([one.id for one in messages])).order_by(col(Attempt.id))
    for attempt in session.exec(query):
        found[attempt.message_id].append(attempt)
    return found


def ping(session: Session, webhook: Webhook, secret_key: SecretStr) -> UUID:
    """Call a webhook to try whether it works. The id of the message. Raises Conflict when it is disabled, TooMany."""
    _must_be_active(webhook)
    if (session.scalar(_PINGS, {"webhook": str(webhook.id), "kind": PING}) or 0) >= PINGS_A_MINUTE:
        raise TooMany("At most {most} test calls a minute", most=PINGS_A_MINUTE, retry_after=60)
    event_id = new_id()
    body: dict[str, Any] = {"type": PING, "timestamp": datetime.now(UTC), "data": {"webhook_id": webhook.id}}
    row = row_for(webhook, event_id, body, secret_key)
    insert_many(session, Message, [row])
    ring_after_commit(session, WEBHOOKS)
    made: UUID = row["id"]
    return made


def replay(session: Session, webhook: Webhook, message_id: UUID) -> None:
    """Tell it once more, with the same webhook-id. Raises NotFound; Conflict while it is under way, or the webhook disabled."""
    _must_be_active(webhook)
    values = {"webhook": str(webhook.id), "states": list(REPLAYABLE), "id": message_id, "since": None, "most": 1}
    if session.execute(_REPLAY, values).first() is None:
        query = select(Message.id).where(Message.id == message_id, Message.recipient == str(webhook.id))
        if session.exec(query).first() is None:
            raise NotFound("There is no such delivery")
        raise Conflict("This is under way already")
    ring_after_commit(session, WEBHOOKS)


def replay_lost(session: Session, webhook: Webhook, since: datetime) -> int:
    """Tell it once more all since then that did not reach it, MOST_REPLAYED at most. How many. Raises Conflict when disabled."""
    _must_be_active(webhook)
    values = {"webhook": str(webhook.id), "states": list(LOST), "id": None, "since": since, "most": MOST_REPLAYED}
    count = len(session.execute(_REPLAY, values).all())
    if count:
        ring_after_commit(session, WEBHOOKS)
    return count


def _must_be_active(webhook: Webhook) -> None:
    if webhook.state != "active":
        raise Conflict("This webhook is disabled; switch it on first")
