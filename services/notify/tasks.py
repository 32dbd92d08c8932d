"""The post's worker: what it does when it hears of an event, and the errands that send, one a channel."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from services.notify.channels.email.smtp import SmtpCarrier
from services.notify.channels.webhooks.carrier import WebhookCarrier
from services.notify.channels.webhooks.standing import Pace
from services.notify.procedures import keep_procedure
from services.notify.sending.sending import send_some
from services.notify.settings import Settings
from services.notify.telling.telling import POST
from services.notify.telling.telling import tell as tell_people
from services.notify.webhooks.calling import WEBHOOKS, call_webhooks
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

SEND_EVERY = 4.0

settings = load(Settings)
engine = connect(settings.database_url, name="notify-worker", pool=6)
email = SmtpCarrier(settings)
webhooks = WebhookCarrier(settings, engine, Pace())


def send_mails() -> bool:
    """Send a batch of mails; whether more wait. The connection stays open for the next one."""
    return send_some(engine, "email", email)[1]


def call() -> bool:
    """Call a batch of webhooks; whether more wait."""
    return send_some(engine, "webhook", webhooks)[1]


def tell(session: Session, events: list[Any]) -> None:
    """Write what people and other systems are told of these events."""
    tell_people(session, events, secret_key=settings.secret_key)
    call_webhooks(session, events, secret_key=settings.secret_key, base_url=settings.base_url)


work = Work(
    Post("notify", engine, {"keep_procedure": keep_procedure, "tell": tell}),
    errands={POST: (send_mails, SEND_EVERY), WEBHOOKS: (call, SEND_EVERY)},
)
app = celery_app("notify", settings.broker_url, work)
