"""Deadlines: the last days of standard periods, of corrections and of opinions, and what is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Date, cast, func, true, tuple_
from sqlmodel import Session, col, select

from services.review.audit.audit import note_list
from services.review.cases.rights import visible
from services.review.models import Case, Correction, Opinion
from shared.identity.callers import Caller

Kind = Literal["case", "correction", "opinion"]
# Of a day with more than this the calendar says how many there are, and its list shows as many as the second.
SHOWN, LISTED = 4, 200
_RUNNING = ("open", "correcting")


@dataclass(frozen=True)
class Deadline:
    """Something that is due on a day."""

    kind: Kind
    case_id: UUID
    arrival_number: str
    procedure_id: str
    procedure_version: int
    applicant: str


@dataclass
class Day:
    """What is due on a day: the first of it, and how much there is."""

    deadlines: list[Deadline] = field(default_factory=list)
    number: int = 0


def between(session: Session, caller: Caller, first: date, last: date, *, mine: bool, shown: int = SHOWN) -> dict[date, Day]:
    """What is due from a day to another, of the caller's groups or given to him: at most `shown` of a kind a day."""
    found: dict[date, Day] = {}
    for row in session.execute(_counted(caller, first, last, mine=mine)):
        found.setdefault(row.day, Day()).number += row.number
    for row in session.execute(_cases(caller, first, last, mine=mine, shown=shown)):
        found.setdefault(row.day, Day()).deadlines.append(_deadline("case", row))
    for kind, asked in (("correction", Correction), ("opinion", Opinion)):
        for row in session.execute(_asked(asked, caller, first, last, mine=mine)):
            of_day = found.setdefault(row.day, Day())
            of_day.number += 1
            of_day.deadlines.append(_deadline(kind, row))  # type: ignore[arg-type] # a Kind
    for of_day in found.values():
        del of_day.deadlines[shown:]
    seen = [one.case_id for of_day in found.values() for one in of_day.deadlines]
    note_list(session, caller, "calendar.shown", list(dict.fromkeys(seen)), first=first, last=last, mine=mine)
    return found


def _deadline(kind: Kind, row: Any) -> Deadline:
    return Deadline(kind, row.id, row.arrival_number, row.procedure_id, row.procedure_version, row.applicant["name"])


def _seen(caller: Caller, *, mine: bool) -> list[Any]:
    return [visible(caller), col(Case.state).in_(_RUNNING), *([col(Case.official_id) == caller.account_id] if mine else [])]


def _counted(caller: Caller, first: date, last: date, *, mine: bool) -> Any:
    """How many periods of cases end on each day; the index case_due_idx alone answers."""
    query: Any = select(col(Case.due_on).label("day"), func.count().label("number"))
    return query.where(*_seen(caller, mine=mine), col(Case.due_on).between(first, last)).group_by(col(Case.due_on))


def _cases(caller: Caller, first: date, last: date, *, mine: bool, shown: int) -> Any:
    """The first of each day: looked up day by day, so that a month of 100,000 cases costs no more than one of 100."""
    days = select(cast(func.generate_series(first, last, timedelta(days=1)), Date).label("day")).subquery("days")
    of_day = select(*_columns()).where(*_seen(caller, mine=mine), col(Case.due_on) == days.c.day).limit(shown).lateral("of_day")
    return select(days.c.day, *of_day.c).select_from(days).join(of_day, onclause=true()).order_by(days.c.day)


def _asked(asked: Any, caller: Caller, first: date, last: date, *, mine: bool) -> Any:
    """Corrections or opinions that are waited for; there are never many at a time."""
    query: Any = select(col(asked.due_on).label("day"), *_columns()).join(asked, col(asked.case_id) == col(Case.id))
    return (
        query.where(*_seen(caller, mine=mine), asked.state == "asked", col(asked.due_on).between(first, last))
        .order_by(col(asked.due_on), col(Case.id))
        .limit(1000)
    )


def _columns() -> list[Any]:
    return [col(Case.id), col(Case.arrival_number), col(Case.procedure_id), col(Case.procedure_version), col(Case.applicant)]


def overdue(session: Session, caller: Caller, day: date, *, mine: bool, limit: int, after: UUID | None = None) -> Sequence[Case]:
    """Cases whose period is over, the longest first; `after` is the last one of the page before."""
    query = select(Case).where(*_seen(caller, mine=mine), col(Case.due_on) < day)
    last = session.get(Case, after) if after is not None else None
    if last is not None and last.due_on is not None:
        query = query.where(tuple_(col(Case.due_on), col(Case.id)) > tuple_(last.due_on, last.id))
    found = session.exec(query.order_by(col(Case.due_on), col(Case.id)).limit(limit)).all()
    note_list(session, caller, "cases.listed", [case.id for case in found], overdue=True, mine=mine)
    return found


def overdue_number(session: Session, caller: Caller, day: date, *, mine: bool, most: int | None = None) -> int:
    """How many those are; no further than `most` is counted."""
    found = select(col(Case.due_on)).where(*_seen(caller, mine=mine), col(Case.due_on) < day).limit(most).subquery()
    return session.exec(select(func.count()).select_from(found)).one()
