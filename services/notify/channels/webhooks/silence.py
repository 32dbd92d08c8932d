"""Giving up a webhook that took nothing for as long as a message is tried. Its owners are told."""

from __future__ import annotations

from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session

from services.notify.channels.webhooks import standing
from services.notify.models import QUEUES, Message
from services.notify.recipients.addresses import recipient_hash
from shared.bus.publish import ring_after_commit
from shared.i18n import message
from shared.identity.personal import EMAIL, NAME
from shared.telemetry import current_traceparent

TEMPLATE = "webhook-disabled"
SILENT = message("The receiver took nothing for three days, however often it was tried")

# Nothing at all, not only not this one: what a receiver cannot read it may refuse for good, and take the rest.
_TOOK = text("""
select exists (select from notify.message
  where channel = 'webhook' and recipient = :webhook and state = 'delivered' and completed_at > :since)
""")
_OWNERS = text("select name, email, language from identity.owner where organisation_id = :organisation").columns(
    name=NAME, email=EMAIL
)


def give_up(session: Session, secret_key: SecretStr, last: Message) -> bool:
    """Disable the webhook whose message was tried for the `last` time, unless it took any other meanwhile. Whether it did."""
    webhook_id = UUID(last.recipient)
    if session.scalar(_TOOK, {"webhook": last.recipient, "since": last.created_at}):
        return False
    webhook = standing.active(session, webhook_id, lock=True)
    if webhook is None:
        return False
    standing.disable(session, webhook_id, SILENT, but=last.id)
    if webhook.kind == "organisation":
        for owner in session.execute(_OWNERS, {"organisation": webhook.owner}):
            session.add(
                Message(
                    event_id=last.id,
                    subject=str(webhook_id),
                    template=TEMPLATE,
                    language=owner.language,
                    recipient=owner.email,
                    recipient_hash=recipient_hash(secret_key, owner.email),
                    filling={"name": owner.name, "path": f"/notify/webhooks/{webhook_id}"},
                    traceparent=current_traceparent(),
                )
            )
        ring_after_commit(session, QUEUES["email"])
    return True
