"""The post's worker: what it does when it hears of an event, and the errands that send, one a channel."""

from __future__ import annotations

from functools import partial

from services.notify.channels.email.smtp import SmtpCarrier
from services.notify.procedures import keep_procedure
from services.notify.sending.sending import send_some
from services.notify.settings import Settings
from services.notify.telling.telling import POST, tell
from services.notify.wording.rendering import Wordings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

SEND_EVERY = 4.0

settings = load(Settings)
engine = connect(settings.database_url, name="notify-worker", pool=2)
email = SmtpCarrier(settings, Wordings(engine, settings))


def send_mails() -> bool:
    """Send a batch of mails; whether more wait. The connection stays open for the next one."""
    return send_some(engine, "email", email)[1]


work = Work(
    Post("notify", engine, {"keep_procedure": keep_procedure, "tell": partial(tell, secret_key=settings.secret_key)}),
    errands={POST: (send_mails, SEND_EVERY)},
)
app = celery_app("notify", settings.broker_url, work)
