"""The counter's worker: what it does when it hears of an event."""

from __future__ import annotations

import logging
from functools import partial

from services.intake.checking.checking import check_format, check_scanned
from services.intake.files import attachments
from services.intake.files.attachments import SCANS, TABLE
from services.intake.following import follow_case
from services.intake.retention.purging import SERVICE
from services.intake.sealed import WALKED
from services.intake.settings import Settings
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import connect
from shared.files.scans import Waiting, scan_some
from shared.retention.purging import RETENTION_EVERY, purge_some
from shared.sealing.resealing import EVERY as SEALING_EVERY
from shared.sealing.resealing import reseal_politely
from shared.settings import load
from shared.storage import StorageError, storage_at

log = logging.getLogger(__name__)

# Queues of errands, and how often each is woken, in seconds.
RETENTION = "intake-retention"
FILES, FILES_EVERY = "intake-files", 3600.0
SCANS_EVERY = 5.0
SEALING = "intake-sealing"
CANARY, CANARY_EVERY = "intake-canary", 60.0

settings = load(Settings)
engine = connect(settings.database_url, name="intake-worker", pool=2)


def purge() -> bool:
    """Purge a piece of what is over its time (shared.retention.table); whether more waits."""
    return purge_some(engine, SERVICE)


def purge_files() -> bool:
    """Delete some of the files that are leaving; whether more wait."""
    storage = storage_at(settings.storage)
    try:
        storage.tidy()
        return attachments.purge(engine, storage)
    except StorageError as error:
        log.warning("files that nobody wants are still there", extra={"context": {"cause": str(error)}})
        return False


def scan_files() -> bool:
    """Scan some of the files that wait for it; whether more wait. Without a scanner they wait for the day there is one."""
    if not settings.clamd:
        return False
    return scan_some(Waiting(TABLE, engine, storage_at(settings.storage), check_scanned), settings.clamd)


def send_canary() -> bool:
    """Send this minute's canary; never is more to be done."""
    canary.send(engine)
    return False


work = Work(
    Post(
        "intake",
        engine,
        {
            "check_format": partial(check_format, scanning=bool(settings.clamd)),
            "follow_case": follow_case,
            "hear_canary": canary.heard,
        },
    ),
    errands={
        RETENTION: (purge, RETENTION_EVERY),
        FILES: (purge_files, FILES_EVERY),
        SCANS: (scan_files, SCANS_EVERY),
        CANARY: (send_canary, CANARY_EVERY),
        SEALING: (partial(reseal_politely, engine, "intake", WALKED), SEALING_EVERY),
    },
)
app = celery_app("intake", settings.broker_url, work)
