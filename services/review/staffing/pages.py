"""The desk's pages of who has which case: a group, plans, a case's officials, one's own absences and conflicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases.cases import procedure_of, shown
from services.review.cases.moves import may
from services.review.cases.rights import duties, groups_of
from services.review.models import Case
from services.review.procedures import group_titles
from services.review.staffing import absences, conflicts, handing, plans, team
from services.review.staffing.why import DUTIES, HOW, why
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.procedure.fields import NAME
from shared.procedure.reviewing import MANAGER
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_MOST_SHOWN = 200
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
Group = Annotated[str, PathParameter(pattern=NAME, max_length=63)]
Text = Annotated[str, Form(max_length=4000)]
Problem = Invalid | Conflict | Forbidden | NotFound


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


@router.get("/desk/group")
def list_groups(request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    groups = groups_of(session, caller)
    if len(groups) == 1:
        return _to(f"/desk/group/{groups[0]}")
    titles = group_titles(session, language_of(request))
    return _pages.show(request, "groups.html", groups=[(group, titles.get(group, group)) for group in groups])


@router.get("/desk/group/{group}")
def show_group(group: Group, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _group(request, session, caller, group)


@router.post("/desk/group/{group}/absences")
def add_absence_of(
    group: Group,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    official: Text = "",
    starts_on: Text = "",
    ends_on: Text = "",
    deputy: Text = "",
) -> Response:
    def add() -> None:
        absences.add(session, caller, _day(starts_on), _day(ends_on), official=_id(official), deputy=_id(deputy))

    if problem := _problem(session, add):
        return _group(request, session, caller, group, problem)
    return _to(f"/desk/group/{group}")


@router.get("/desk/group/{group}/{kind}")
def show_plan(
    group: Group,
    kind: plans.Kind,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    official: UUID | None = None,
) -> Response:
    return _plan(request, session, plans.plan(session, caller, kind, group, official=official))


@router.post("/desk/group/{group}/{kind}")
def carry_out(
    group: Group,
    kind: plans.Kind,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    token: Text = "",
    official: Text = "",
) -> Response:
    whose = _id(official)
    try:
        plans.carry_out(session, caller, kind, group, token=token, official=whose)
    except Conflict as problem:
        made = plans.plan(session, caller, kind, group, official=whose)
        return _plan(request, session, made, problem)
    return _to(f"/desk/group/{group}")


@router.get("/desk/cases/{case_id}/assignment")
def show_assignment(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _assignment(request, session, caller, shown(session, caller, case_id))


@router.post("/desk/cases/{case_id}/assignment")
def assign(
    case_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    act: Text = "",
    official: Text = "",
    note: Text = "",
) -> Response:
    note = note.replace("\r\n", "\n")  # how browsers send the lines of a text field

    def do() -> None:
        match act:
            case "take":
                handing.take(session, caller, case_id)
            case "release":
                handing.release(session, caller, case_id, note)
            case "reassign":
                handing.reassign(session, caller, case_id, _id(official), note)
            case "own-conflict":
                conflicts.declare(session, caller, "case", str(case_id), note)
            case "conflict":
                conflicts.declare_for(session, caller, case_id, _id(official) or case_id, note)
            case _:
                raise Invalid("Choose what to do", errors=[])

    if problem := _problem(session, do):
        return _assignment(request, session, caller, shown(session, caller, case_id), problem)
    return _to("/desk" if act == "own-conflict" else f"/desk/cases/{case_id}/assignment")


@router.get("/desk/absences")
def show_own(request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _own(request, session, caller)


@router.post("/desk/absences")
def add_absence(
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    starts_on: Text = "",
    ends_on: Text = "",
    deputy: Text = "",
) -> Response:
    def add() -> None:
        absences.add(session, caller, _day(starts_on), _day(ends_on), deputy=_id(deputy))

    if problem := _problem(session, add):
        return _own(request, session, caller, problem)
    return _to("/desk/absences")


@router.post("/desk/absences/{absence_id}/removal")
def remove_absence(absence_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    absences.remove(session, caller, absence_id)
    return _to("/desk/absences")


@router.post("/desk/conflicts")
def declare(request: Request, session: Transaction, caller: ReviewerPerson, *, party: Text = "", reason: Text = "") -> Response:
    reason = reason.replace("\r\n", "\n")
    if problem := _problem(session, lambda: conflicts.declare(session, caller, "corporate-number", party, reason)):
        return _own(request, session, caller, problem)
    return _to("/desk/absences")


@router.post("/desk/conflicts/{conflict_id}/end")
def end_conflict(conflict_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    conflicts.end(session, caller, conflict_id)
    return _to("/desk/absences")


def _problem(session: Session, do: Callable[[], object]) -> Problem | None:
    """What is wrong with something that was to be done; nothing is left of it then, not even that it was noted."""
    try:
        with session.begin_nested():
            do()
    except (Invalid, Conflict, Forbidden) as problem:
        return problem
    return None


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Invalid("These days cannot be noted", errors=[FieldError("/starts_on", "Enter a day")]) from None


def _id(written: str) -> UUID | None:
    try:
        return UUID(written) if written else None
    except ValueError:
        raise Invalid("Choose an official", errors=[FieldError("/official", "Choose an official of the group")]) from None


def _summary(request: Request, problem: Problem | None) -> list[tuple[str, str]]:
    """What to mend: anchor and text."""
    anchors = {"/official": "official", "/starts_on": "starts_on", "/ends_on": "ends_on", "/deputy": "deputy", "/party": "party"}
    language = language_of(request)
    errors = problem.errors if problem else []
    return [(anchors.get(error.pointer, ""), translate(error.detail, language, **error.values)) for error in errors]


def _group(request: Request, session: Session, caller: Caller, group: str, problem: Problem | None = None) -> Response:
    found = team.overview(session, caller, group)
    people = {member["official"]["id"]: member["official"]["name"] for member in found["members"]}
    return _pages.show(
        request,
        "group.html",
        status=problem.status if problem else 200,
        problem=problem,
        summary=_summary(request, problem),
        group=group,
        title=group_titles(session, language_of(request)).get(group, group),
        team=found,
        duty_titles=DUTIES,
        absences=[(people[one.account_id], one) for one in absences.coming(session, people)],
        people=people,
        manages=MANAGER in duties(session, caller, group, EVERY_PROCEDURE),
    )


def _plan(request: Request, session: Session, plan: plans.Plan, problem: Conflict | None = None) -> Response:
    return _pages.show(
        request,
        "plan.html",
        status=problem.status if problem else 200,
        problem=problem,
        summary=_summary(request, problem),
        plan=plan,
        title=group_titles(session, language_of(request)).get(plan.group, plan.group),
        shown=plan.given[:_MOST_SHOWN],
        whose=plan.given[0].source_name if plan.given else "",
    )


def _assignment(request: Request, session: Session, caller: Caller, case: Case, problem: Problem | None = None) -> Response:
    procedure, language = procedure_of(session, case), language_of(request)
    could = handing.could_have(session, case)
    return _pages.show(
        request,
        "assignment.html",
        status=problem.status if problem else 200,
        problem=problem,
        summary=_summary(request, problem),
        case=case,
        title=procedure.title.within(language),
        office=procedure.office(case.group).title.within(language),
        why=why(procedure, case.assigned_because, language),
        history=[(one, HOW[one.how]) for one in handing.of_case(session, case)],
        could=[(desk.official, desk.load) for desk in could if desk.official.id != case.official_id],
        everybody=[desk.official for desk in could],
        takes=case.official_id is None
        and may(session, caller, case, "take")
        and any(desk.official.id == caller.account_id for desk in could),
        releases=case.official_id == caller.account_id and may(session, caller, case, "release"),
        reassigns=may(session, caller, case, "reassign"),
        limit=handing.NOTE_LIMIT,
    )


def _own(request: Request, session: Session, caller: Caller, problem: Problem | None = None) -> Response:
    return _pages.show(
        request,
        "absences.html",
        status=problem.status if problem else 200,
        problem=problem,
        summary=_summary(request, problem),
        absences=absences.coming(session, [caller.account_id]),
        conflicts=conflicts.of_official(session, caller),
        colleagues=absences.colleagues(session, caller),
        caller_id=caller.account_id,
        limit=conflicts.REASON_LIMIT,
    )
