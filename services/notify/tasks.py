"""The post's worker: what it does when it hears of an event, and the errand that sends."""

from __future__ import annotations

from services.notify.messages import POST, keep_procedure, tell
from services.notify.sending import send_some
from services.notify.settings import Settings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

SEND_EVERY = 4.0

settings = load(Settings)
engine = connect(settings.database_url, name="notify-worker", pool=2)


def send() -> bool:
    """Send a batch; whether more waits."""
    return send_some(engine, settings)[1]


work = Work(
    Post("notify", engine, {"keep_procedure": keep_procedure, "tell": tell}),
    errands={POST: (send, SEND_EVERY)},
)
app = celery_app("notify", settings.broker_url, work)
