"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.review.corrections.corrections import today
from services.review.corrections.deadlines import AT_ONCE, pass_days
from services.review.documents import documents, making, unfetched
from services.review.documents.signing import signing_of
from services.review.following import follow_application
from services.review.procedures import keep_procedure
from services.review.settings import Settings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.settings import load
from shared.storage import storage_at

# The queue of the errand that looks after last days, and how often it is woken, in seconds.
DEADLINES, DEADLINES_EVERY = "review-deadlines", 60.0
# How often the errands wake that make documents (the bell rings it too) and that look after those nobody fetched, in seconds.
MAKING_EVERY = 10.0
UNFETCHED, UNFETCHED_EVERY = "review-unfetched", 60.0

settings = load(Settings)
engine = connect(settings.database_url, name="review-worker", pool=2)


def pass_deadlines() -> bool:
    """Remind of some last days and mark those that passed; whether more wait."""
    with Session(engine) as session:
        looked_at = pass_days(session, today())
        session.commit()
    return looked_at == AT_ONCE


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


work = Work(
    Post("review", engine, {"keep_procedure": keep_procedure, "open_case": follow_application}),
    errands={
        DEADLINES: (pass_deadlines, DEADLINES_EVERY),
        documents.MAKING: (make_documents, MAKING_EVERY),
        UNFETCHED: (pass_hours, UNFETCHED_EVERY),
    },
)
app = celery_app("review", settings.broker_url, work)
