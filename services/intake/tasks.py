"""The counter's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.intake import drafts
from services.intake.checking import check_format
from services.intake.following import follow_case
from services.intake.settings import Settings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.settings import load

# The queue of the errand that deletes old drafts, and how often it is woken, in seconds.
DRAFTS, DRAFTS_EVERY = "intake-drafts", 3600.0

settings = load(Settings)
engine = connect(settings.database_url, name="intake-worker", pool=2)


def purge_drafts() -> bool:
    """Delete some of the drafts that nobody wants any more; whether more wait."""
    with Session(engine) as session:
        deleted = drafts.purge(session)
        session.commit()
    return deleted == drafts.PURGED_AT_ONCE


work = Work(
    Post("intake", engine, {"check_format": check_format, "follow_case": follow_case}),
    errands={DRAFTS: (purge_drafts, DRAFTS_EVERY)},
)
app = celery_app("intake", settings.broker_url, work)
