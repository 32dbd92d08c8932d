"""The post's worker: what it does when it hears of an event, and the errands that send, one a channel."""

from __future__ import annotations

from functools import partial

from celery import signals

from services.notify.bounces.maildir import fetch
from services.notify.channels.email.smtp import SmtpCarrier
from services.notify.messages.hashing import hash_some
from services.notify.procedures import keep_procedure
from services.notify.sending.sending import Sender
from services.notify.settings import Settings
from services.notify.telling.telling import POST, tell
from services.notify.wording.rendering import Wordings
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

SEND_EVERY = 4.0
HASH_EVERY = 20.0
BOUNCES_EVERY = 30.0

settings = load(Settings)
# one connection for the task that runs, and one for each sender's recorder
engine = connect(settings.database_url, name="notify-worker", pool=2)
wordings = Wordings(engine, settings)
emails = Sender(engine, "email", [SmtpCarrier(settings, wordings) for _ in range(settings.smtp_connections)])


def hash_recipients() -> bool:
    """Let operators find messages by their recipient; whether more wait."""
    return hash_some(engine, settings.secret_key)


def fetch_bounces() -> bool:
    """Take what came back from the folder that is set for it; whether more waits."""
    return settings.bounce_maildir is not None and fetch(engine, settings.secret_key, settings.bounce_maildir)


work = Work(
    Post(
        "notify",
        engine,
        {"keep_procedure": keep_procedure, "hear_canary": canary.heard, "tell": partial(tell, secret_key=settings.secret_key)},
    ),
    errands={
        POST: (emails.turn, SEND_EVERY),
        "post-recipients": (hash_recipients, HASH_EVERY),
        "post-bounces": (fetch_bounces, BOUNCES_EVERY),
    },
)
signals.worker_process_shutdown.connect(lambda **_: emails.close(), weak=False)
app = celery_app("notify", settings.broker_url, work)
