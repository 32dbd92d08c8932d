"""The shop window's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.opendata.settings import Settings
from services.opendata.statistics import count, keep_procedure
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.settings import load

settings = load(Settings)
work = Work(
    Post(
        "opendata",
        connect(settings.database_url, name="opendata-worker", pool=2),
        {"count": count, "keep_procedure": keep_procedure, "hear_canary": canary.heard},
    )
)
app = celery_app("opendata", settings.broker_url, work)
