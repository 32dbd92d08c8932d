"""The desk's worker: what it does when it hears of an event."""

from __future__ import annotations

from pathlib import Path

from services.review.audit import chain
from services.review.audit.heads import private_key, write_head
from services.review.audit.settings import SealingSettings
from services.review.corrections.corrections import today
from services.review.corrections.deadlines import AT_ONCE, pass_days
from services.review.following import follow_application
from services.review.procedures import keep_procedure
from shared.bus.deliver import Post
from shared.bus.worker import Work, celery_app
from shared.database import Session, connect
from shared.settings import load

# The queue of the errand that looks after last days, and how often it is woken, in seconds.
DEADLINES, DEADLINES_EVERY = "review-deadlines", 60.0
# The queue of the errand that seals the trace: what somebody changes before it is sealed, nothing shows.
AUDIT, AUDIT_EVERY = "review-audit", 20.0

settings = load(SealingSettings)
engine = connect(settings.database_url, name="review-worker", pool=2)


def pass_deadlines() -> bool:
    """Remind of some last days and mark those that passed; whether more wait."""
    with Session(engine) as session:
        looked_at = pass_days(session, today())
        session.commit()
    return looked_at == AT_ONCE


def seal_trace() -> bool:
    """Link what was noted, and write the new head outside; whether more waits."""
    with Session(engine) as session:
        sealed = chain.seal(session)
        session.commit()
        write_head(session, Path(settings.audit_heads), private_key(settings.audit_key.get_secret_value()))
    return sealed == chain.AT_ONCE


work = Work(
    Post("review", engine, {"keep_procedure": keep_procedure, "open_case": follow_application}),
    errands={DEADLINES: (pass_deadlines, DEADLINES_EVERY), AUDIT: (seal_trace, AUDIT_EVERY)},
)
app = celery_app("review", settings.broker_url, work)
