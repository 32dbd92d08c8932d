"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

from services.review.corrections.corrections import today
from services.review.corrections.deadlines import AT_ONCE, pass_days
from services.review.finding.renewing import AT_ONCE as RENEWED_AT_ONCE
from services.review.finding.renewing import renew
from services.review.following import follow_application
from services.review.procedures import keep_procedure
from services.review.settings import Settings
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.settings import load

# The queue of the errand that looks after last days, and how often it is woken, in seconds.
DEADLINES, DEADLINES_EVERY = "review-deadlines", 60.0
# The same for what cases are found by: how soon a new one can be searched for.
FINDING, FINDING_EVERY = "review-finding", 5.0

settings = load(Settings)
engine = connect(settings.database_url, name="review-worker", pool=2)


def pass_deadlines() -> bool:
    """Remind of some last days and mark those that passed; whether more wait."""
    with Session(engine) as session:
        looked_at = pass_days(session, today())
        session.commit()
    return looked_at == AT_ONCE


def renew_findings() -> bool:
    """Write anew what some cases are found by; whether more wait."""
    with Session(engine) as session:
        renewed = renew(session)
        session.commit()
    return renewed == RENEWED_AT_ONCE


work = Work(
    Post("review", engine, {"keep_procedure": keep_procedure, "open_case": follow_application}),
    errands={DEADLINES: (pass_deadlines, DEADLINES_EVERY), FINDING: (renew_findings, FINDING_EVERY)},
)
app = celery_app("review", settings.broker_url, work)
