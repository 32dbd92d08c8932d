"""The list of cases: narrowed by a filter, searched, in one of three orders, page by page.

Every query stays near an index, however many cases there are. What is searched for is looked up in the pairs of signs first: if
that leaves few cases, they are named in the query; if it leaves many, the list is read in its order, and each text is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, bindparam, case, cast, func, literal, or_, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import defer
from sqlalchemy.sql import Select
from sqlmodel import Session, col, select

from services.review.audit.audit import note_list
from services.review.cases.rights import groups_of, turn, visible
from services.review.finding import keys
from services.review.models import Case, Finding, FindingGrams
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.procedure.fields import NAME
from shared.workdays import today

State = Literal["open", "correcting", "decided", "withdrawn"]
Sort = Literal["newest", "oldest", "due"]
# Written out, so that the planner sees which partial index fits.
_UNFINISHED = text("state in ('open', 'correcting')")
# A search that leaves more cases than this is no help in finding them.
FEW = 2000
# A list says how many there are up to this; a search, for which the text of each is asked, up to fewer.
COUNTED, FOUND = 1000, 100


# What no list shows.
SEALED: tuple[Any, ...] = (Case.contact, Case.answers, Case.reasons, Case.withdrawal_reason)


class Filter(BaseModel):
    """What narrows a list of cases. Days are Japan's, and both ends belong to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State | None = None
    stage: str | None = Field(default=None, pattern=NAME, description="the key of a stage of the review")
    procedure: str | None = Field(default=None, pattern=NAME)
    group: str | None = Field(default=None, pattern=NAME)
    official: UUID | None = Field(default=None, description="the id of whoever has the case")
    mine: bool = Field(default=False, description="only those given to you")
    turn: bool = Field(
        default=False,
        description="only open ones whose stage needs you, by a duty such as an approver's or as a deputy",
    )
    unassigned: bool = Field(default=False, description="only those that nobody has")
    overdue: bool = Field(default=False, description="only those whose standard period is over")
    due_to: date | None = Field(default=None, description="the last day of the standard period, at the latest")
    arrived_from: date | None = None
    arrived_to: date | None = None
    decision: Literal["approve", "approve-in-part", "refuse", "accept"] | None = None
    amount_from: int | None = Field(default=None, ge=0, le=10**15, description="applied for, in yen")
    amount_to: int | None = Field(default=None, ge=0, le=10**15)
    q: str = Field(
        default="",
        max_length=keys.QUERY_LIMIT,
        pattern=r"^[^\x00]*$",
        description="words that are all in a case: names, numbers, answers. However kana, width and case are written",
    )
    application_id: UUID | None = None

    def written(self) -> dict[str, Any]:
        """What it narrows by, as JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True, include=set(Filter.model_fields))


@dataclass(frozen=True)
class Hits:
    """What a search looked up before the cases are asked for: its words and numbers, and the few cases that may hold them."""

    words: Sequence[str] = ()
    numbers: Sequence[str] = ()
    having: Select[Any] | None = None  # the cases that have the pairs of signs
    few: Sequence[str] | None = None

    @property
    def whole(self) -> str:
        """All words as one: a person's name has two."""
        return "".join(self.words)


def listed(
    session: Session,
    caller: Caller,
    wanted: Filter,
    *,
    sort: Sort = "newest",
    limit: int = 50,
    before: UUID | None = None,
    hits: Hits | None = None,
    whole: bool = False,
) -> Sequence[Case]:
    """The cases that a caller may see and a filter leaves; `before` is the last id of the page before.

    In the order of last days there are only cases that have one. Unless `whole`, sealed contents are read when asked for.
    """
    every = select(Case) if whole else select(Case).options(*(defer(one) for one in SEALED))
    query = narrowed(session, caller, wanted, every, hits or look_up(session, wanted))
    first: Any = col(Case.due_on if sort == "due" else Case.arrived_at)
    order = (first, col(Case.id))
    if sort == "due":
        query = query.where(first.is_not(None), _UNFINISHED)
    if before is not None:
        value = session.scalar(select(first).where(Case.id == before))
        last = tuple_(literal(value, first.type), literal(before, Uuid))
        query = query.where(tuple_(*order) < last if sort == "newest" else tuple_(*order) > last)
    return session.scalars(query.order_by(*(one.desc() if sort == "newest" else one for one in order)).limit(limit)).all()


def noted(session: Session, caller: Caller, wanted: Filter, found: Sequence[Case]) -> None:
    """Note who saw which cases in a list. What was searched for may be somebody's name, and is not noted."""
    narrowed = {name: value for name, value in wanted.written().items() if name != "q"}
    note_list(session, caller, "cases.listed", [case.id for case in found], searched=bool(wanted.q), **narrowed)


def counted(session: Session, caller: Caller, wanted: Filter, hits: Hits | None = None) -> int:
    """How many cases a filter leaves; `most(wanted)` + 1 means: more than that."""
    query = narrowed(
        session, caller, wanted, select(literal(1)).select_from(Case), hits or look_up(session, wanted), ordered=False
    )
    return session.scalar(select(func.count()).select_from(query.limit(most(wanted) + 1).subquery())) or 0


def most(wanted: Filter) -> int:
    """Up to how many a list says how many there are."""
    return min(FOUND, COUNTED) if wanted.q else COUNTED


def total(session: Session, caller: Caller, wanted: Filter) -> int:
    """How many cases a filter leaves, all of them counted: for exports, which read them all anyway."""
    query = select(func.count()).select_from(Case)
    return session.scalar(narrowed(session, caller, wanted, query, look_up(session, wanted), ordered=False)) or 0


def narrowed(
    session: Session, caller: Caller, wanted: Filter, query: Select[Any], hits: Hits, *, ordered: bool = True
) -> Select[Any]:
    """A query over cases, with everything that a filter asks of them; `ordered` where it is read in an order and stops early."""
    # a plan for these very values: which index helps depends on them
    session.execute(text("set local plan_cache_mode = force_custom_plan"))
    # `visible` decides; the groups by name lead to an index
    groups = col(Case.group).in_(groups_of(session, caller))
    return query.where(visible(caller), groups, *_conditions(caller, wanted), *_holding(hits, ordered=ordered))


def _conditions(caller: Caller, wanted: Filter) -> list[ColumnElement[bool]]:
    equal: list[tuple[Any, Any]] = [
        (Case.application_id, wanted.application_id),
        (Case.procedure_id, wanted.procedure),
        (Case.group, wanted.group),
        (Case.stage, wanted.stage),
        (Case.official_id, wanted.official),
        (Case.official_id, caller.account_id if wanted.mine else None),
        (Case.decision, wanted.decision),
    ]
    found = [col(column) == value for column, value in equal if value is not None]
    if wanted.state is not None:
        found.append(col(Case.state) == bindparam("state", wanted.state, literal_execute=True))
        if wanted.state in {"open", "correcting"}:
            found.append(_UNFINISHED)
    if wanted.turn:
        found += [turn(caller), col(Case.state) == "open", _UNFINISHED]
    if wanted.unassigned:
        found.append(col(Case.official_id).is_(None))
    lasts = [day for day in (wanted.due_to, today() - timedelta(days=1) if wanted.overdue else None) if day is not None]
    if lasts:
        found += [col(Case.due_on) <= min(lasts), _UNFINISHED]
    if wanted.arrived_from is not None:
        found.append(col(Case.arrived_at) >= _begin(wanted.arrived_from))
    if wanted.arrived_to is not None:
        found.append(col(Case.arrived_at) < _begin(wanted.arrived_to + timedelta(days=1)))
    asked = [
        bound
        for bound in (
            col(Finding.asked) >= wanted.amount_from if wanted.amount_from is not None else None,
            col(Finding.asked) <= wanted.amount_to if wanted.amount_to is not None else None,
        )
        if bound is not None
    ]
    if asked:
        found.append(col(Case.id).in_(select(Finding.case_id).where(*asked)))
    return found


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), JST).astimezone(UTC)


def look_up(session: Session, wanted: Filter) -> Hits:
    """Look up the pairs of signs of what is searched for."""
    numbers = keys.numbers(wanted.q)
    known = {keys.plain(number) for number in numbers}
    words = [word for word in keys.words(wanted.q) if word not in known]
    having = _having(Hits(words))
    if having is None:
        return Hits(words, numbers)
    some = having.limit(FEW + 1).subquery()
    # one value, as text: thousands of ids as objects keep Python's collector of garbage busy
    named = func.array_agg(cast(some.c.case_id, Text), type_=ARRAY(Text))
    many, ids = session.execute(select(func.count() > FEW, case((func.count() <= FEW, named))).select_from(some)).one()
    return Hits(words, numbers, having, None if many else ids or [])


def _having(hits: Hits) -> Select[Any] | None:
    """The cases that have the pairs of every word, or its token; None where these do not tell."""
    held = col(FindingGrams.grams)
    each = [
        or_(held.contains(pieces), held.contains([keys.gram_of(one)])) for one in hits.words if (pieces := keys.grams_of(one))
    ]
    if not each:
        return None
    return select(FindingGrams.case_id).where(or_(and_(*each), held.contains([keys.gram_of(hits.whole)])))


def _has_token(word: str) -> ColumnElement[bool]:
    return col(Finding.text).like(f"%{keys.token(word)}%")


def _holds(word: str) -> ColumnElement[bool]:
    return or_(col(Finding.text).like(f"%{word}%"), _has_token(word))


def _holding(hits: Hits, *, ordered: bool) -> list[ColumnElement[bool]]:
    """What the cases are that hold every word of a search."""
    found: list[ColumnElement[bool]] = [
        or_(col(Case.receipt_number) == number, col(Case.arrival_number) == number) for number in hits.numbers
    ]
    if hits.few is not None:
        found.append(col(Case.id) == any_(literal(hits.few, ARRAY(Uuid(as_uuid=False)))))
    elif hits.having is not None and not ordered:
        found.append(col(Case.id).in_(hits.having))
    if hits.words:
        holds = or_(and_(*map(_holds, hits.words)), _has_token(hits.whole))
        # as a value, not a join: asked case by case, after everything else
        found.append(select(holds).where(Finding.case_id == Case.id).scalar_subquery())
    return found
