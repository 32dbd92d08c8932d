"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.review.clock import watching
from services.review.corrections.deadlines import AT_ONCE, pass_days
from services.review.following import follow_application
from services.review.procedures import keep_procedure
from services.review.settings import Settings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.settings import load
from shared.workdays import today

# The queue of the errand that looks after last days, and how often it is woken, in seconds.
DEADLINES, DEADLINES_EVERY = "review-deadlines", 60.0
# The queue of the errand that looks after standard periods.
CLOCK, CLOCK_EVERY = "review-clock", 60.0

settings = load(Settings)
engine = connect(settings.database_url, name="review-worker", pool=2)


def pass_deadlines() -> bool:
    """Remind of some last days and mark those that passed; whether more wait."""
    with Session(engine) as session:
        looked_at = pass_days(session, today())
        session.commit()
    return looked_at == AT_ONCE


def watch_clock() -> bool:
    """Tell of some last days of standard periods that are near or over, and count some anew; whether more wait."""
    with Session(engine) as session:
        looked_at = max(watching.recount(session), watching.tell(session, today()))
        session.commit()
    return looked_at == watching.AT_ONCE


work = Work(
    Post("review", engine, {"keep_procedure": keep_procedure, "open_case": follow_application}),
    errands={DEADLINES: (pass_deadlines, DEADLINES_EVERY), CLOCK: (watch_clock, CLOCK_EVERY)},
)
app = celery_app("review", settings.broker_url, work)
