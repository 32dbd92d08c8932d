"""How a service purges what is over its time: in pieces, each with its report in one transaction; the plan asks the same queries.

A piece is killed or it is committed: what the report says was done is what was done. Whoever is killed in between leaves the
rest to the next waking.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shared.i18n import JST
from shared.operation import runs
from shared.operation.holds import beside_purges
from shared.operation.tables import Run
from shared.retention.periods import WITH_RULES, Rules, as_parameter

log = logging.getLogger(__name__)

PIECE = 200
# How often an errand is woken, in seconds. A run is begun once a day of Japan; what it left undone goes on with the next waking.
RETENTION_EVERY = 3600.0
DELETED = "deleted"
_ALONE = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass(frozen=True)
class Purged:
    """What is due: a row's id, the procedure it belongs to (or ''), and what becomes of it."""

    id: Any
    procedure: str
    becomes: str


@dataclass(frozen=True)
class Kind:
    """One kind of thing that is purged.

    `due` is a query of the columns id, procedure, becomes and held, over the table `rule` of shared.retention.periods and with
    the parameter `now`; it says what is over its time, `held` what of it a legal hold keeps. `purge` takes some of it away.
    `table` and `key`: the row that is locked before it is looked at once more, since somebody may be changing it.
    """

    name: str
    due: str
    purge: Callable[[Session, Sequence[Purged]], None]
    table: str | None = None
    key: str = "id"
    piece: int = PIECE


@dataclass(frozen=True)
class Service:
    """What one service purges. `rules` reads the rules of its procedures."""

    name: str
    kinds: Sequence[Kind]
    rules: Callable[[Session, datetime], Rules]

    @property
    def run_kind(self) -> str:
        """What its runs are called."""
        return f"retention.{self.name}"


@dataclass(frozen=True)
class Line:
    """A line of a plan: how many of a kind and a procedure become what, or are held back."""

    kind: str
    procedure: str
    becomes: str
    held: bool
    count: int


def plan(session: Session, service: Service, *, now: datetime) -> list[Line]:
    """What a run at `now` would do, and what it would leave because it is held. Nothing is changed."""
    rules = as_parameter(service.rules(session, now))
    found: list[Line] = []
    for kind in service.kinds:
        counted = f"{WITH_RULES} select procedure, becomes, held, count(*) as n from ({kind.due}) d group by 1, 2, 3"  # noqa: S608 - our own queries
        rows = session.execute(text(f"{counted} order by 1, 2, 3"), {"rules": rules, "now": now})
        found += [Line(kind.name, row.procedure, row.becomes, row.held, row.n) for row in rows]
    return found


def purge_some(engine: Engine, service: Service, *, now: datetime | None = None, anew: bool = False) -> bool:
    """Do a piece of today's run, beginning one if there is none (or, `anew`, if the last one has ended); whether more waits.

    A kind that fails is left for the day, and the run is `failed` in the end; the others go on.
    """
    now = now or datetime.now(UTC)
    with Session(engine) as session:
        if not session.scalar(_ALONE, {"name": service.run_kind}):
            return False
        run = _run(session, service, now, anew=anew)
        if run is None:
            return False
        rules = service.rules(session, now)
        for kind in service.kinds:
            if kind.name not in run.report.get("failed", {}) and _piece(session, kind, rules, run, now):
                session.commit()
                return True
        held = [line for line in plan(session, service, now=now) if line.held]
        said = {**run.report, "held": _counted((line.kind, line.procedure, "held", line.count) for line in held)}
        run.report, run.ended_at, run.outcome = said, datetime.now(UTC), "failed" if said.get("failed") else "done"
        session.add(run)
        session.commit()
    return False


def _run(session: Session, service: Service, now: datetime, *, anew: bool) -> Run | None:
    last = next(iter(runs.latest(session, service.run_kind)), None)
    if last is not None and last.outcome == "running":
        return last
    if last is not None and not anew and last.started_at.astimezone(JST).date() >= now.astimezone(JST).date():
        return None
    run = Run(kind=service.run_kind, started_at=now)  # not `runs.begin`: this transaction ends with the first piece
    session.add(run)
    session.flush()
    return run


def _piece(session: Session, kind: Kind, rules: Rules, run: Run, now: datetime) -> bool:
    """Purge a piece of a kind and say so in the report; whether there was anything to do."""
    point = session.begin_nested()
    try:
        beside_purges(session)
        if not (found := _due(session, kind, rules, now)):
            point.rollback()
            return False
        kind.purge(session, found)
        session.flush()
        _must_be_gone(session, kind, rules, now, found)
    except OperationalError:  # the database is away, or somebody has what is needed: another time
        raise
    except Exception as error:
        point.rollback()
        log.exception("a kind could not be purged", extra={"context": {"kind": kind.name}})
        failed = {**run.report.get("failed", {}), kind.name: type(error).__name__}
        run.report = {**run.report, "failed": failed}
        return True
    point.commit()
    counts = Counter((one.procedure, one.becomes) for one in found)
    done = _counted(((kind.name, *key, count) for key, count in counts.items()), run.report.get("done", {}))
    run.report = {**run.report, "done": done}
    session.add(run)
    return True


def _due(session: Session, kind: Kind, rules: Rules, now: datetime) -> list[Purged]:
    given: dict[str, Any] = {"rules": as_parameter(rules), "now": now, "piece": kind.piece}
    some = f"{WITH_RULES} select d.id, d.procedure, d.becomes from ({kind.due}) d where not d.held"  # noqa: S608 - our own queries
    rows = session.execute(text(f"{some} limit :piece"), given).all()
    if kind.table is not None and rows:
        ids = [row.id for row in rows]
        lock = f"select {kind.key} from {kind.table} where {kind.key} = any(:ids) order by {kind.key} for update skip locked"  # noqa: S608
        locked = [row[0] for row in session.execute(text(lock), {"ids": ids})]
        # whoever had one of them locked may have changed it: look again
        rows = session.execute(text(f"{some} and d.id = any(:ids)"), {**given, "ids": locked}).all()
    return [Purged(row.id, row.procedure, row.becomes) for row in rows]


def _must_be_gone(session: Session, kind: Kind, rules: Rules, now: datetime, found: Sequence[Purged]) -> None:
    """Raises RuntimeError where what was purged is still due: the kind would never come to its end."""
    given = {"rules": as_parameter(rules), "now": now, "ids": [one.id for one in found]}
    query = f"{WITH_RULES} select 1 from ({kind.due}) d where d.id = any(:ids) limit 1"  # noqa: S608 - our own queries
    if session.execute(text(query), given).first() is not None:
        raise RuntimeError("what was purged is still due")


def _counted(rows: Any, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Kind → procedure → what became of it → how many, added to what was counted before."""
    found = {kind: {key: dict(counts) for key, counts in by.items()} for kind, by in (before or {}).items()}
    for kind, procedure, becomes, count in rows:
        by = found.setdefault(kind, {}).setdefault(procedure, {})
        by[becomes] = by.get(becomes, 0) + count
    return found


def lines(report: Mapping[str, Any]) -> Iterator[Line]:
    """What a run's report says, as lines of a plan."""
    for part, held in (("done", False), ("held", True)):
        for kind, by in sorted(report.get(part, {}).items()):
            for procedure, counts in sorted(by.items()):
                yield from (Line(kind, procedure, becomes, held, count) for becomes, count in sorted(counts.items()))
