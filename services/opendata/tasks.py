"""The shop window's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.opendata.retention import SERVICE
from services.opendata.settings import Settings
from services.opendata.statistics import count, keep_procedure
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.retention.purging import RETENTION_EVERY, purge_some
from shared.settings import load

settings = load(Settings)
engine = connect(settings.database_url, name="opendata-worker", pool=2)


def purge() -> bool:
    """Purge a piece of what is over its time (shared.retention.table); whether more waits."""
    return purge_some(engine, SERVICE)


work = Work(
    Post("opendata", engine, {"count": count, "keep_procedure": keep_procedure, "hear_canary": canary.heard}),
    errands={"opendata-retention": (purge, RETENTION_EVERY)},
)
app = celery_app("opendata", settings.broker_url, work)
