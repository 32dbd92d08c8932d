"""Callbacks: a client hears how its messages got on, at an address that it named, with a token that it chose.

A callback is a message over the channel `webhook`, so it is tried again, logged and replayed like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from services.notify.channels.http import Reach, Refused, checked
from services.notify.channels.webhooks import standing
from services.notify.channels.webhooks.sealing import seal
from services.notify.clients.shapes import at
from services.notify.clients.statuses import STATUS
from services.notify.models import Client, Message, Webhook
from services.notify.recipients.addresses import recipient_hash
from services.notify.webhooks.calling import WEBHOOKS
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.i18n import message
from shared.problems import FieldError, Invalid

if TYPE_CHECKING:
    from pydantic import SecretStr

# The queue of the errand that writes callbacks.
RECEIPTS = "post-receipts"
RECEIPT = "delivery-receipt"
MOST_AT_ONCE = 200
FEWEST_SIGNS, MOST_SIGNS = 10, 500
# Nothing is said of what may still become anything.
UNDER_WAY = ("created", "sending")
ENDED = message("The callback was removed")
_TAKE = text("""
delete from notify.receipt where id in (select id from notify.receipt order by at limit :most for update skip locked)
returning message_id
""")


def callback_of(session: Session, client_id: UUID) -> Webhook | None:
    """Where a client is called back, if it is."""
    return session.exec(select(Webhook).where(Webhook.owner == client_id, col(Webhook.kind) == "client")).first()


def set_callback(session: Session, secret_key: SecretStr, reach: Reach, client: Client, *, url: str, token: str) -> Webhook:
    """Call a client back at this address with this token, from now on. Raises Invalid."""
    errors = []
    try:
        checked(url, reach)
    except Refused as refused:
        errors.append(FieldError("/url", refused.reason, refused.values))
    if not re.fullmatch(rf"[\x21-\x7e]{{{FEWEST_SIGNS},{MOST_SIGNS}}}", token):
        detail = message("Use {fewest} to {most} letters, digits and signs of ASCII")
        errors.append(FieldError("/token", detail, {"fewest": FEWEST_SIGNS, "most": MOST_SIGNS}))
    if errors:
        raise Invalid("See the list of errors", errors=errors)
    webhook = callback_of(session, client.id) or Webhook(owner=client.id, kind="client", url=url, types=[RECEIPT])
    webhook.url, webhook.owner_name, webhook.sealed_token = url, client.name, seal(secret_key, token)
    webhook.state, webhook.reason = "active", ""
    session.add(webhook)
    session.flush()
    return webhook


def end_callback(session: Session, client: Client) -> None:
    """Call a client back no more; what waits is cancelled."""
    webhook = callback_of(session, client.id)
    if webhook is not None:
        standing.cancel(session, webhook.id, ENDED)
        session.delete(webhook)
        session.flush()


def call_back_some(engine: Engine, secret_key: SecretStr) -> bool:
    """Write callbacks for messages that got further; they are sent after the commit. Returns whether more wait."""
    with Session(engine) as session:
        ids = set(session.scalars(_TAKE, {"most": MOST_AT_ONCE}))
        rows = _rows(session, ids, secret_key)
        if rows:
            insert_many(session, Message, rows)
            ring_after_commit(session, WEBHOOKS)
        session.commit()
    return len(ids) == MOST_AT_ONCE


def _rows(session: Session, ids: set[UUID], secret_key: SecretStr) -> list[dict[str, Any]]:
    query = (
        select(Message, STATUS, Webhook)
        .join(Webhook, (col(Webhook.owner) == col(Message.client_id)) & (col(Webhook.kind) == "client"))
        .where(col(Message.id).in_(ids), Webhook.state == "active", STATUS.not_in(UNDER_WAY))
    )
    return [_row(one, status, webhook, secret_key) for one, status, webhook in session.exec(query)] if ids else []


def _row(told: Message, status: str, webhook: Webhook, secret_key: SecretStr) -> dict[str, Any]:
    return {
        "id": new_id(),
        "event_id": new_id(),
        "subject": str(told.id),
        "channel": "webhook",
        "template": RECEIPT,
        "language": "en",
        "recipient": str(webhook.id),
        "recipient_hash": recipient_hash(secret_key, str(webhook.id)),
        "filling": {
            "id": str(told.id),
            "reference": told.reference,
            "to": told.recipient,
            "status": status,
            "created_at": at(told.created_at),
            "completed_at": at(told.completed_at or told.sent_at),
            "sent_at": at(told.sent_at),
            "notification_type": told.channel,
            "template_id": told.template,
            "template_version": told.template_version,
        },
        "state": "created",
        "attempts": 0,
        "traceparent": told.traceparent,
    }
