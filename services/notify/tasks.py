"""The post's worker: what it does when it hears of an event, and the errands that send, one a channel."""

from __future__ import annotations

from services.notify.channels.email.smtp import SmtpCarrier
from services.notify.messages.hashing import hash_some
from services.notify.procedures import keep_procedure
from services.notify.sending.sending import send_some
from services.notify.settings import Settings
from services.notify.telling.telling import POST, tell
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

SEND_EVERY = 4.0
HASH_EVERY = 20.0

settings = load(Settings)
engine = connect(settings.database_url, name="notify-worker", pool=2)
email = SmtpCarrier(settings)


def send_mails() -> bool:
    """Send a batch of mails; whether more wait. The connection stays open for the next one."""
    return send_some(engine, "email", email)[1]


def hash_recipients() -> bool:
    """Let operators find messages by their recipient; whether more wait."""
    return hash_some(engine, settings.secret_key)


work = Work(
    Post("notify", engine, {"keep_procedure": keep_procedure, "tell": tell}),
    errands={POST: (send_mails, SEND_EVERY), "post-recipients": (hash_recipients, HASH_EVERY)},
)
app = celery_app("notify", settings.broker_url, work)
