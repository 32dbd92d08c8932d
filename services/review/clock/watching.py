"""Last days of standard periods: a warning before, a word to the managers after, each once a case and last day.

The case remembers what was told in the transaction that tells it, so nothing is told twice or forgotten, whoever is killed when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from services.review.cases.cases import officials_of, ref_of
from services.review.cases.rights import concerned_with, managers_of
from services.review.clock import clock
from services.review.models import Case, Pause
from services.review.periods import Span
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import CaseDueSoon, CaseOverdue, Official
from shared.identity.duties import EVERY_PROCEDURE
from shared.workdays import CALENDAR

Told = CaseDueSoon | CaseOverdue
AT_ONCE = 200
_RUNNING = col(Case.state).in_(["open", "correcting"])


def tell(session: Session, day: date) -> int:
    """Tell of a batch of last days that are near or over, as of a day in Japan. Returns how many."""
    query = select(Case).where(_RUNNING, col(Case.tell_on) <= day).order_by(col(Case.tell_on)).limit(AT_ONCE)
    cases = session.exec(query.with_for_update(skip_locked=True)).all()
    officials = officials_of(session, cases)
    managers = managers_of(session, (case.group for case in cases)) if cases else []
    told: list[Told] = []
    for case in cases:
        if case.due_on is None:
            continue
        over = case.due_on < day
        case.warned_for = case.due_on
        if over:
            case.escalated_for = case.due_on
        case.tell_on = clock.next_telling(case)
        case.version += 1
        session.add(case)
        official = officials.get(case.official_id) if case.official_id else None
        above = _above(session, managers, case) if over or official is None else []
        told.append(_event(session, case, official, above, over=over))
    session.flush()
    publish(session, *told)
    return len(cases)


def _event(session: Session, case: Case, official: Official | None, managers: list[Official], *, over: bool) -> Told:
    assert case.due_on  # noqa: S101 - the caller looked
    return (CaseOverdue if over else CaseDueSoon)(
        subject=str(case.application_id),
        sequence=case.version,
        case_id=case.id,
        arrival_number=case.arrival_number,
        procedure=ref_of(case),
        group=case.group,
        group_title=version(session, ref_of(case)).office(case.group).title.ja,
        official=official,
        managers=[one for one in managers if official is None or one.id != official.id],
        due_on=case.due_on,
    )


def _above(session: Session, managers: Sequence[tuple[str, str, Official]], case: Case) -> list[Official]:
    """Who manages a case, each once; nobody who must have nothing to do with it."""
    of_case = {(case.group, EVERY_PROCEDURE), (case.group, case.procedure_id)}
    above = {one.id: one for group, procedure, one in managers if (group, procedure) in of_case}
    shut = concerned_with(session, case) if above else ()
    return [one for one in above.values() if one.id not in shut]


def recount(session: Session) -> int:
    """Count a batch of cases whose days another calendar counted, or nobody yet. Returns how many."""
    stale = or_(col(Case.counted_by) < CALENDAR, col(Case.counted_by) > CALENDAR)
    cases = _locked(session, AT_ONCE, _RUNNING, stale)
    cases += _locked(session, AT_ONCE - len(cases), Case.state == "decided", col(Case.took_days).is_(None))
    known = {case.id: case.due_on for case in cases}
    stood: dict[UUID, list[Span]] = defaultdict(list)
    for pause in session.exec(select(Pause).where(col(Pause.case_id).in_(known))) if known else ():
        stood[pause.case_id].append((pause.began_at, pause.ended_at))
    for case in cases:
        clock.count(session, case, stood[case.id])
    clock.tell_due(session, [case for case in cases if case.decided_at is None and case.due_on != known[case.id]])
    session.flush()
    return len(cases)


def _locked(session: Session, most: int, *where: Any) -> list[Case]:
    return list(session.exec(select(Case).where(*where).limit(most).with_for_update(skip_locked=True))) if most else []
