"""Whether what is over its time is purged, each service once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deploy.signs.sign import Sign
from shared.i18n import message
from shared.operation import runs

if TYPE_CHECKING:
    from sqlmodel import Session

PART = message("Retention")
AGE = timedelta(days=2)
RUNS = {
    "retention.intake": message("The counter"),
    "retention.review": message("The desk"),
    "retention.notify": message("The post"),
    "retention.house": message("Sign-ins and reports"),
    "retention.opendata": message("The shop window"),
}


def retention(session: Session, now: datetime) -> Iterator[Sign]:
    """A sign for each part that was not purged for two days; one where all were, or where none has begun yet."""
    last = {kind: next(iter(runs.latest(session, kind)), None) for kind in RUNS}
    if not any(last.values()):
        text_ = message("Nothing was purged yet; it begins within an hour")
        yield Sign("schedule", PART, "mend", text_, {}, "retention-late", "/console/retention")
        return
    late = 0
    for kind, title in RUNS.items():
        done = next(iter(runs.latest(session, kind, outcome="done")), None)
        if done is None or now - done.started_at > AGE:
            late += 1
            text_ = message("What is over its time was not purged for two days: {part}")
            yield Sign("schedule", PART, "bad", text_, {"part": title}, "retention-late", "/console/retention")
    if not late:
        yield Sign("schedule", PART, "good", message("What is over its time is purged every day"))
