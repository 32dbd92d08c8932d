"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.review.procedures import keep_procedure
from services.review.settings import Settings
from services.review.withdrawals import follow_application
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

settings = load(Settings)
work = Work(
    Post(
        "review",
        connect(settings.database_url, name="review-worker", pool=2),
        {"keep_procedure": keep_procedure, "open_case": follow_application},
    )
)
app = celery_app("review", settings.broker_url, work)
