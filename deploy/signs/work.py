"""What waits and what is dead, how backups are, and what is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from deploy.signs.sign import Kind, Sign
from shared.bus import deadletters
from shared.bus.sweep import LATE
from shared.i18n import message
from shared.operation import runs, switches
from shared.operation.measuring import BASE, REHEARSAL, WAL

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.operation.tables import Run

BACKUPS = message("Backups")
BASE_AGE, WAL_AGE, REHEARSAL_AGE = timedelta(hours=26), timedelta(minutes=3), timedelta(days=40)


def work(session: Session) -> Iterator[Sign]:
    """What waits too long on the bus, and what is dead."""
    waiting = deadletters.waiting(session)
    late = [row for row in waiting if row["oldest"] > LATE]
    dead = sum(row["dead"] for row in waiting)
    for row in late:
        text_ = message("{subscriber} is {age} behind: {count} deliveries wait")
        values = {"subscriber": row["subscriber"], "age": row["oldest"], "count": row["waiting"]}
        yield Sign("work", row["subscriber"], "bad", text_, values, "deliveries-late", "/console/queues")
    if not late:
        yield Sign("work", message("Deliveries"), "good", message("No delivery is late"))
    if dead:
        text_ = message("Deliveries that failed for good: {count}")
        yield Sign("work", message("Dead letters"), "bad", text_, {"count": dead}, "dead-letters", "/console/dead-letters")
    else:
        yield Sign("work", message("Dead letters"), "good", message("There is no dead letter"))


def backups(session: Session) -> Iterator[Sign]:
    """The newest backup, to when the log can be restored, and the last rehearsal."""
    now, href = datetime.now(UTC), "/console/backups"
    if (last := _last(session, BASE)) is not None and last.outcome == "failed":
        yield Sign("schedule", BACKUPS, "bad", message("The last copy of the database failed"), {}, "backup-late", href)
    base = next(iter(runs.latest(session, BASE, outcome="done")), None)
    if base is None:
        yield Sign("schedule", BACKUPS, "mend", message("No backup is noted here"), {}, "backup-none", href)
        return
    kind: Kind = "good" if now - base.started_at < BASE_AGE else "bad"
    yield Sign("schedule", BACKUPS, kind, message("The newest backup is of {at}"), {"at": base.started_at}, "backup-late", href)
    if (through := restorable(session)) is not None:
        kind = "good" if now - through < WAL_AGE else "bad"
        yield Sign("schedule", BACKUPS, kind, message("It can be restored up to {at}"), {"at": through}, "backup-log-late", href)
    rehearsal = _last(session, REHEARSAL)
    if rehearsal is None or now - rehearsal.started_at > REHEARSAL_AGE:
        text_ = message("Restoring was not rehearsed for long: a backup that nobody restored is a hope")
        yield Sign("schedule", BACKUPS, "mend", text_, {}, "backups", href)
    elif rehearsal.outcome == "failed":
        text_ = message("The last rehearsal of restoring failed")
        yield Sign("schedule", BACKUPS, "bad", text_, {}, "rehearsal-failed", href)
    else:
        values = {"at": rehearsal.started_at}
        yield Sign("schedule", BACKUPS, "good", message("Restoring was rehearsed on {at}"), values, "backups", href)


def _last(session: Session, kind: str) -> Run | None:
    return next((run for run in runs.latest(session, kind, most=5) if run.outcome != "running"), None)


def restorable(session: Session) -> datetime | None:
    """Up to when the log was put away, if it says so."""
    for run in runs.latest(session, WAL, most=5):
        if isinstance(through := run.report.get("through"), str):
            return datetime.fromisoformat(through)
    return None


def features(session: Session) -> Iterator[Sign]:
    """What was switched off, lest it be forgotten."""
    off = [one for one in switches.standings(session) if not one.on]
    for one in off:
        text_ = message("Switched off: {feature}")
        yield Sign("features", one.feature.title, "mend", text_, {"feature": one.feature.title}, "", "/console/switches")
    if not off:
        yield Sign("features", message("Switches"), "good", message("Nothing is switched off"))
