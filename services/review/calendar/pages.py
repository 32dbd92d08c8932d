"""The calendar of deadlines, and what is overdue."""

from __future__ import annotations

from calendar import Calendar
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import Session

from services.review.calendar import calendar
from services.review.cases.cases import ref_of
from services.review.cases.rights import manages
from services.review.clock.badges import badge
from services.review.procedures import version
from shared.events import ProcedureRef
from shared.i18n import Language, message, show_month
from shared.identity.callers import Caller
from shared.web.callers import Transaction, session_of
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ReviewerPerson
from shared.workdays import holiday, is_working, today

PAGE = 50
SAID = 1000  # overdue cases that the page counts; beyond, it says that there are more
MANY = 100  # overdue cases that are counted in the navigation; beyond, it is “99+”
KINDS: dict[str, tuple[str, str]] = {
    "case": ("going", message("Standard period ends")),
    "correction": ("mend", message("Correction due")),
    "opinion": ("mend", message("Opinion due")),
}
WEEKDAYS = (
    message("Sunday"),
    message("Monday"),
    message("Tuesday"),
    message("Wednesday"),
    message("Thursday"),
    message("Friday"),
    message("Saturday"),
)
_A_DAY = timedelta(days=1)
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
Whose = Literal["mine", "groups"]


@router.get("/desk/calendar")
def show_calendar(
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    whose: Whose = "mine",
    view: Literal["month", "list"] = "month",
    month: Annotated[str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = None,
    day: Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2099, 12, 31))] = None,
) -> Response:
    language, now = language_of(request), today()
    first = date.fromisoformat(f"{month}-01") if month else (day or now).replace(day=1)
    weeks = Calendar(firstweekday=6).monthdatescalendar(first.year, first.month)
    begins, ends = (day, day) if day else (weeks[0][0], weeks[-1][-1])
    shown = calendar.LISTED if day else calendar.SHOWN
    found = calendar.between(session, caller, begins, ends, mine=whose == "mine", shown=shown)
    days = {one: _day(session, one, found.get(one, calendar.Day()), now, language) for week in weeks for one in week}
    return _pages.show(
        request,
        "calendar.html",
        month=first,
        month_name=show_month(first, language),
        only=days[day] if day else None,
        weeks=[[days[one] for one in week] for week in weeks],
        listed=[one for at, one in days.items() if at.month == first.month and one["number"]],
        weekdays=WEEKDAYS,
        kinds=KINDS,
        whose=whose,
        view=view,
        links={
            "mine": with_query(request, whose="mine"),
            "groups": with_query(request, whose="groups"),
            "month": with_query(request, view="month", day=None, month=f"{first:%Y-%m}"),
            "list": with_query(request, view="list", day=None, month=f"{first:%Y-%m}"),
            "before": with_query(request, day=None, month=f"{first - _A_DAY:%Y-%m}"),
            "after": with_query(request, day=None, month=f"{first + 31 * _A_DAY:%Y-%m}"),
            "now": with_query(request, day=None, month=None),
        },
        of_day={at: with_query(request, day=at.isoformat(), month=None) for at in days},
    )


def counted(request: Request, caller: Caller) -> dict[str, int]:
    """What the navigation of the desk counts: the caller's overdue cases, up to what it shows; and whether he has a board."""
    if caller.role != "reviewer":
        return {}
    with session_of(request) as session:
        late = calendar.overdue_number(session, caller, today(), mine=True, most=MANY)
        return {"/desk/overdue": late, "/desk/board": int(manages(session, caller))}


def _day(session: Session, at: date, due: calendar.Day, now: date, language: Language) -> dict[str, Any]:
    return {
        "at": at,
        "holiday": holiday(at, language),
        "closed": not is_working(at),
        "today": at == now,
        "past": at < now,
        "number": due.number,
        "more": due.number - len(due.deadlines),
        "deadlines": [{"one": one, "title": version(session, _ref(one)).title.within(language)} for one in due.deadlines],
    }


def _ref(one: calendar.Deadline) -> ProcedureRef:
    return ProcedureRef(id=one.procedure_id, version=one.procedure_version)


@router.get("/desk/overdue")
def show_overdue(
    request: Request, session: Transaction, caller: ReviewerPerson, *, whose: Whose = "mine", after: UUID | None = None
) -> Response:
    language, now, mine = language_of(request), today(), whose == "mine"
    found = calendar.overdue(session, caller, now, mine=mine, limit=PAGE + 1, after=after)
    rows = []
    for one in found[:PAGE]:
        procedure = version(session, ref_of(one))
        stage = procedure.review.stage(one.stage).title.within(language)
        rows.append({"case": one, "title": procedure.title.within(language), "stage": stage, "due": badge(session, one, now)})
    return _pages.show(
        request,
        "overdue.html",
        rows=rows,
        number=calendar.overdue_number(session, caller, now, mine=mine, most=SAID + 1),
        said=SAID,
        whose=whose,
        links={who: with_query(request, whose=who, after=None) for who in ("mine", "groups")},
        older=with_query(request, after=found[PAGE - 1].id) if len(found) > PAGE else "",
    )
