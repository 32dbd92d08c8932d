"""What the runs of scheduled work say at this moment: how old the backups are, and whether the last one failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from shared.telemetry.measuring import Measured

if TYPE_CHECKING:
    from sqlmodel import Session

BASE, WAL, REHEARSAL = "backup.base", "backup.wal", "backup.rehearsal"
# Kind, age in seconds, whether the last failed. A copy or a rehearsal is as old as its beginning; the log as what it holds.
BACKUPS = """
select kind,
  extract(epoch from clock_timestamp() - max(case
    when kind = 'backup.wal' then (report->>'through')::timestamptz
    when outcome = 'done' then started_at end))::float as age,
  coalesce((array_agg(outcome = 'failed' order by started_at desc) filter (where outcome <> 'running'))[1], false) as failed
from operation.run where kind in ('backup.base', 'backup.wal', 'backup.rehearsal') group by kind
"""


class Backup(NamedTuple):
    """How one kind of backup is: its age in seconds (None: there is none yet), and whether the last run failed."""

    age: float | None
    failed: bool


def backups(session: Session) -> dict[str, Backup]:
    """How the backups are, by the kind of run; nothing where none was ever made."""
    return {row.kind: Backup(row.age, row.failed) for row in session.execute(text(BACKUPS))}


def measured(session: Session) -> Iterator[Measured]:
    """The same for Prometheus."""
    for kind, how in backups(session).items():
        label = {"kind": kind.removeprefix("backup.")}
        if how.age is not None:
            means = (
                "Age of what can be restored: of the newest copy of the database, of its log, of the last rehearsal, in seconds"
            )
            yield Measured("madoguchi_backup_age_seconds", means, how.age, label)
        yield Measured("madoguchi_backup_failed", "1 when the last run of backups of this kind failed", float(how.failed), label)
