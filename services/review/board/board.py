"""Figures for whoever manages: of the groups and procedures that he manages, and nobody else's.

Each is one pass over the cases that one index finds (case_due_idx, case_decided_idx); answers and applicants are never looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, DateTime, Float, cast, func, literal, text
from sqlmodel import Session, col, select

from services.review.cases.rights import countable, manages
from services.review.models import Case
from services.review.wall import acts_as_house
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.identity.personal import NAME
from shared.problems import Forbidden
from shared.procedure.reviewing import MANAGER

WEEKS = 12
RECENT = timedelta(days=180)
# Ages of open cases: from how many days since the arrival on
AGES = (0, 8, 15, 31, 61, 91)
_NAMES = text("select distinct account_id, name from identity.official where account_id = any(:ids)").columns(name=NAME)


@dataclass
class Pile:
    """Some open cases: how many, how many of them the applicant has for mending, how many are overdue."""

    number: int = 0
    mending: int = 0
    overdue: int = 0

    @property
    def in_time(self) -> int:
        """Those at the office that are not overdue."""
        return self.number - self.mending - self.overdue

    def add(self, number: int, *, mending: bool, overdue: bool) -> None:
        """Lay some cases on it."""
        self.number += number
        self.mending += number if mending else 0
        self.overdue += number if overdue and not mending else 0


@dataclass(frozen=True)
class Official:
    """An official with his open cases; without an id: those that nobody has."""

    id: UUID | None
    name: str
    pile: Pile


@dataclass(frozen=True)
class Pace:
    """How long decided cases of a procedure took of their standard period, in its days."""

    procedure_id: str
    number: int
    median: float
    ninetieth: float


@dataclass
class Board:
    """What there is to see."""

    open: Pile = field(default_factory=Pile)
    ages: list[Pile] = field(default_factory=lambda: [Pile() for _ in AGES])
    stages: dict[tuple[str, str], Pile] = field(default_factory=dict)
    officials: list[Official] = field(default_factory=list)
    weeks: list[tuple[date, int]] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)


def board(session: Session, caller: Caller, day: date, *, group: str | None = None) -> Board:
    """The figures as of a day in Japan, of one group or all that the caller manages. Raises Forbidden for who manages none."""
    if not manages(session, caller):
        raise Forbidden("Only who manages a group sees its board")
    where = [countable(caller, MANAGER), *([col(Case.group) == group] if group else [])]
    found = Board()
    with acts_as_house(session):  # sums of what he manages: the wall would read each case to find who is concerned
        _open(session, found, where, day)
        _decided(session, found, where, day)
    return found


def groups(session: Session, caller: Caller) -> Sequence[str]:
    """The groups that the caller manages."""
    query = text('select distinct "group" from identity.duty_of where account_id = :id and role = :role order by 1')
    return session.scalars(query, {"id": caller.account_id, "role": MANAGER}).all()


def _open(session: Session, found: Board, where: list[ColumnElement[bool]], day: date) -> None:
    begins = [datetime.combine(day - timedelta(days=age - 1), time(), JST) for age in reversed(AGES[1:])]
    # 0 is the oldest: what arrived before the first of these moments
    age = func.width_bucket(col(Case.arrived_at), cast(begins, ARRAY(DateTime(timezone=True))))
    over = func.coalesce(col(Case.due_on) < day, literal(value=False))
    columns = (col(Case.official_id), col(Case.procedure_id), col(Case.stage), col(Case.state), over, age)
    query = select(*columns, func.count()).where(*where, col(Case.state).in_(["open", "correcting"])).group_by(*columns)  # type: ignore[call-overload] # more columns than SQLModel has types for
    piles: dict[UUID | None, Pile] = {}
    for official_id, procedure_id, stage, state, overdue, bucket, number in session.execute(query):
        mending = state == "correcting"
        for pile in (
            found.open,
            found.ages[len(AGES) - 1 - bucket],
            found.stages.setdefault((procedure_id, stage), Pile()),
            piles.setdefault(official_id, Pile()),
        ):
            pile.add(number, mending=mending, overdue=overdue)
    names = {row.account_id: row.name for row in session.execute(_NAMES, {"ids": [one for one in piles if one]})}
    officials = [Official(one, names.get(one, "") if one else "", pile) for one, pile in piles.items()]
    found.officials = sorted(officials, key=lambda one: (-one.pile.number, one.name))


def _decided(session: Session, found: Board, where: list[ColumnElement[bool]], day: date) -> None:
    monday = day - timedelta(days=day.weekday())
    first = monday - timedelta(weeks=WEEKS - 1)
    week = func.date_trunc("week", func.timezone("Asia/Tokyo", col(Case.decided_at)))
    since = datetime.combine(first, time(), JST)
    counted = select(week, func.count()).where(*where, Case.state == "decided", col(Case.decided_at) >= since).group_by(week)
    numbers = Counter({at.date(): number for at, number in session.execute(counted)})
    found.weeks = [(at, numbers[at]) for at in (first + timedelta(weeks=n) for n in range(WEEKS))]
    share = func.percentile_cont
    took = col(Case.took_days)
    paces = (
        select(
            col(Case.procedure_id),
            func.count(),
            cast(share(0.5).within_group(took), Float),
            cast(share(0.9).within_group(took), Float),
        )
        .where(*where, Case.state == "decided", took.is_not(None))
        .where(col(Case.decided_at) >= datetime.combine(day, time(), JST) - RECENT)
        .group_by(col(Case.procedure_id))
        .order_by(func.count().desc())
    )
    found.paces = [Pace(*row) for row in session.execute(paces)]
