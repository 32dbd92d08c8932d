"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from services.review.audit import chain, purging
from services.review.audit.heads import private_key, write_head
from services.review.audit.settings import SealingSettings
from services.review.bulk import working
from services.review.bulk.jobs import QUEUE as JOBS
from services.review.clock import watching
from services.review.corrections.deadlines import AT_ONCE, pass_days
from services.review.documents import documents, making, unfetched
from services.review.documents.signing import signing_of
from services.review.files import files
from services.review.files.files import SCANS, TABLE
from services.review.finding.renewing import AT_ONCE as RENEWED_AT_ONCE
from services.review.finding.renewing import renew
from services.review.following import follow_application
from services.review.opinions import deadlines as opinion_deadlines
from services.review.procedures import keep_procedure
from services.review.retention.purging import service
from services.review.sealed import WALKED
from services.review.staffing.handing import AT_ONCE as PICKED_UP_AT_ONCE
from services.review.staffing.handing import pick_up
from services.review.wall import AS_HOUSE
from shared.bus import canary
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.files.scans import Waiting, scan_some
from shared.retention import leaving
from shared.retention.purging import RETENTION_EVERY, purge_some
from shared.sealing.resealing import EVERY as SEALING_EVERY
from shared.sealing.resealing import reseal_politely
from shared.settings import load
from shared.storage import StorageError, storage_at
from shared.workdays import today

# Queues of errands, and how often each is woken, in seconds.
STAFFING, STAFFING_EVERY = "review-staffing", 60.0
DEADLINES, DEADLINES_EVERY = "review-deadlines", 60.0
# How often the errands wake that make documents (the bell rings it too) and that look after those nobody fetched, in seconds.
MAKING_EVERY = 10.0
UNFETCHED, UNFETCHED_EVERY = "review-unfetched", 60.0
CLOCK, CLOCK_EVERY = "review-clock", 60.0
FILES, FILES_EVERY = "review-files", 3600.0
RETENTION = "review-retention"
SEALING = "review-sealing"
FINDING, FINDING_EVERY = "review-finding", 5.0
JOBS_EVERY = 5.0
SCANS_EVERY = 5.0
# The trace: what somebody changes before it is sealed, nothing shows.
AUDIT, AUDIT_EVERY = "review-audit", 20.0

log = logging.getLogger(__name__)

settings = load(SealingSettings)
engine = connect(settings.database_url, name="review-worker", pool=2, settings=AS_HOUSE)


def pass_deadlines() -> bool:
    """Remind of some last days and mark those that passed; whether more wait."""
    with Session(engine) as session:
        looked_at = pass_days(session, today())
        asked = opinion_deadlines.pass_days(session, today())
        session.commit()
    return looked_at == AT_ONCE or asked == opinion_deadlines.AT_ONCE


def scan_files() -> bool:
    """Scan some of the files that wait for it; whether more wait. Without a scanner they wait for the day there is one."""
    if not settings.clamd:
        return False
    return scan_some(Waiting(TABLE, engine, storage_at(settings.storage)), settings.clamd)


def purge_files() -> bool:
    """Delete some of the files that nothing has any more; whether more wait."""
    storage = storage_at(settings.storage)
    try:
        left = leaving.sweep(engine, storage, "review")
        return files.purge(engine, storage) or left
    except StorageError as error:
        log.warning("files that nobody wants are still there", extra={"context": {"cause": str(error)}})
        return False


SERVICE = service(purging.purge(Path(settings.audit_heads), private_key(settings.audit_key.get_secret_value())))


def purge() -> bool:
    """Purge a piece of what is over its time (shared.retention.table); whether more waits."""
    return purge_some(engine, SERVICE)


signing = signing_of(settings)


def make_documents() -> bool:
    """Make some of the documents that were issued; whether more wait."""
    return making.make_some(engine, storage_at(settings.storage), settings, signing) == making.AT_ONCE


def pass_hours() -> bool:
    """Remind of documents that nobody fetched, and flag them for paper; whether more wait."""
    with Session(engine) as session:
        looked_at = unfetched.pass_hours(session, documents.now())
        session.commit()
    return looked_at == unfetched.AT_ONCE


def seal_trace() -> bool:
    """Link what was noted, and write the new head outside; whether more waits."""
    with Session(engine) as session:
        sealed = chain.seal(session)
        session.commit()
        write_head(session, Path(settings.audit_heads), private_key(settings.audit_key.get_secret_value()))
    return sealed == chain.AT_ONCE


def renew_findings() -> bool:
    """Write anew what some cases are found by; whether more wait."""
    with Session(engine) as session:
        renewed = renew(session)
        session.commit()
    return renewed == RENEWED_AT_ONCE


def work_on_jobs() -> bool:
    """Do a piece of what officials asked for in bulk; whether more waits."""
    return working.work_some(engine, storage_at(settings.storage))


def watch_clock() -> bool:
    """Tell of some last days of standard periods that are near or over, and count some anew; whether more wait."""
    with Session(engine) as session:
        looked_at = max(watching.recount(session), watching.tell(session, today()))
        session.commit()
    return looked_at == watching.AT_ONCE


def pick_up_cases() -> bool:
    """Give cases that nobody has to whoever is there by now; whether more wait."""
    with Session(engine) as session:
        given = pick_up(session)
        session.commit()
    return given == PICKED_UP_AT_ONCE


work = Work(
    Post("review", engine, {"keep_procedure": keep_procedure, "hear_canary": canary.heard, "open_case": follow_application}),
    errands={
        DEADLINES: (pass_deadlines, DEADLINES_EVERY),
        documents.MAKING: (make_documents, MAKING_EVERY),
        UNFETCHED: (pass_hours, UNFETCHED_EVERY),
        CLOCK: (watch_clock, CLOCK_EVERY),
        SCANS: (scan_files, SCANS_EVERY),
        FILES: (purge_files, FILES_EVERY),
        RETENTION: (purge, RETENTION_EVERY),
        AUDIT: (seal_trace, AUDIT_EVERY),
        STAFFING: (pick_up_cases, STAFFING_EVERY),
        JOBS: (work_on_jobs, JOBS_EVERY),
        FINDING: (renew_findings, FINDING_EVERY),
        SEALING: (partial(reseal_politely, engine, "review", WALKED), SEALING_EVERY),
    },
)
app = celery_app("review", settings.broker_url, work)
