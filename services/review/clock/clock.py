"""The clock of the standard period (標準処理期間, 行政手続法6条): it stands while the applicant mends (docs/adr/0012).

Each case keeps the last day of its period, `due_on`, counted as services/review/periods.py says. It has none while its clock
stands: the day is known again when the clock goes on. Who changes the clock of a case has locked it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from services.review.cases.cases import ref_of
from services.review.models import Case, Pause
from services.review.periods import Due, Span, counts_working_days, due, ends, used
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import CaseRescheduled
from shared.workdays import CALENDAR, between, day_of

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    """The clock of a case on a day. `left`: below zero once the period is over; None where there is none or the case closed."""

    working: bool
    days: int | None
    used: int
    left: int | None
    stands: bool
    pauses: list[Pause]


def read(session: Session, case: Case, day: date) -> Reading:
    """How the clock of a case stands at the end of a day, or stood when the case was closed."""
    procedure = version(session, ref_of(case))
    period, working = procedure.standard_period, counts_working_days(procedure)
    stood = pauses(session, case)
    ended_at = case.decided_at or case.withdrawn_at
    stands = ended_at is None and any(one.ended_at is None for one in stood)
    number = used(case.arrived_at, spans(stood), day_of(ended_at) if ended_at else day, working=working)
    left = None
    if ended_at is None and case.due_on:
        left = between(day, case.due_on, working=working)
    elif stands and period:
        left = period.days - number
    return Reading(working, period.days if period else None, number, left, stands, stood)


def stage_due(session: Session, case: Case, reading: Reading) -> date | None:
    """The last day of the stage that an open case is in; None where the procedure says none, or while the clock stands."""
    if case.decided_at or case.withdrawn_at:
        return None
    within = version(session, ref_of(case)).review.stage(case.stage).within
    return ends(within, case.stage_since, spans(reading.pauses)) if within else None


def stop(session: Session, case: Case, at: datetime) -> None:
    """From now on the clock of a locked case stands; it may stand already."""
    running = select(Pause).where(Pause.case_id == case.id, col(Pause.ended_at).is_(None))
    if session.exec(running).first() is None:
        session.add(Pause(case_id=case.id, began_at=at))
        session.flush()
        count(session, case)


def go_on(session: Session, case: Case, at: datetime) -> None:
    """The clock of a locked case runs again, never from before it stopped; the applicant hears when its period ends now."""
    if _run(session, case, at):
        count(session, case)
        tell_due(session, [case])


def end(session: Session, case: Case, at: datetime) -> None:
    """A locked case is decided or withdrawn: its clock is not needed any more."""
    _run(session, case, at)
    count(session, case)


def _run(session: Session, case: Case, at: datetime) -> bool:
    running = update(Pause).where(col(Pause.case_id) == case.id, col(Pause.ended_at).is_(None))
    ended = running.values(ended_at=func.greatest(col(Pause.began_at), at)).returning(col(Pause.case_id))
    return session.execute(ended).first() is not None


def tell_due(session: Session, cases: Sequence[Case]) -> None:
    """Tell the counter the last day of the periods of these locked cases."""
    for case in cases:
        case.version += 1
        session.add(case)
    session.flush()
    publish(
        session,
        *(
            CaseRescheduled(subject=str(case.application_id), sequence=case.version, case_id=case.id, due_on=case.due_on)
            for case in cases
        ),
    )


def count(session: Session, case: Case, stood: Sequence[Span] | None = None) -> None:
    """Count the days of a locked case anew: when its period ends; once it is decided, how many days it took."""
    stood = spans(pauses(session, case)) if stood is None else stood
    procedure = version(session, ref_of(case))
    set_due(case, due(procedure, case.arrived_at, stood))
    if case.decided_at:
        working = counts_working_days(procedure)
        case.took_days = used(case.arrived_at, stood, day_of(case.decided_at), working=working)
    session.add(case)


def set_due(case: Case, found: Due | None) -> None:
    """Let a case be due. Of a day that was told nobody is told again."""
    case.due_on, case.near_on = (found.on, found.near_on) if found else (None, None)
    case.counted_by = CALENDAR
    case.tell_on = next_telling(case)


def next_telling(case: Case) -> date | None:
    """When somebody is to be told of the last day: when it is near, when it is over, or never again."""
    if case.due_on is None or case.escalated_for == case.due_on:
        return None
    return case.near_on if case.warned_for != case.due_on else case.due_on + _A_DAY


def pauses(session: Session, case: Case) -> list[Pause]:
    """The times in which the clock of a case stood, in their order; the last may still be running."""
    query = select(Pause).where(Pause.case_id == case.id).order_by(col(Pause.began_at))
    return list(session.exec(query.execution_options(populate_existing=True)))


def spans(stood: Iterable[Pause]) -> list[Span]:
    """Pauses as from when until when."""
    return [(one.began_at, one.ended_at) for one in stood]
