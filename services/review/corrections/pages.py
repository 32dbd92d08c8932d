"""The desk's pages of a correction: picking what to mend, another last day, going on without it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases
from services.review.corrections import corrections
from services.review.models import Case
from services.review.procedures import version
from shared.i18n import Language, translate
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.changes import Place, places
from shared.procedure.model import Procedure
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

_MOST_FIELDS = 20_000
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


async def _posted(request: Request) -> dict[str, str]:
    entered = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    return {name: text.replace("\r\n", "\n") for name, text in entered.multi_items() if isinstance(text, str)}


Posted = Annotated[dict[str, str], Depends(_posted)]


@router.get("/desk/cases/{case_id}/correction")
def show_form(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    case = cases.shown(session, caller, case_id)
    return _form(request, session, case, {"due_on": corrections.default_due(session, case).isoformat()})


@router.post("/desk/cases/{case_id}/correction")
def ask(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    items = [(name.removeprefix("says:"), text) for name, text in posted.items() if name.startswith("says:") and text.strip()]
    try:
        day = _day(posted.get("due_on", ""))
        corrections.ask(session, caller, case_id, items, note=posted.get("note", ""), due_on=day)
    except (Conflict, Invalid) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return _form(request, session, cases.shown(session, caller, case_id), posted, items=items, problem=problem)
    return _to(case_id)


@router.post("/desk/cases/{case_id}/correction/extension")
def extend(
    case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, due_on: Annotated[str, Form()] = ""
) -> Response:
    try:
        corrections.extend(session, caller, case_id, _day(due_on))
    except (Conflict, Invalid) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return _change(request, session, caller, case_id, due_on=due_on, problem=problem)
    return _to(case_id)


@router.post("/desk/cases/{case_id}/correction/closing")
def close(
    case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, note: Annotated[str, Form()] = ""
) -> Response:
    try:
        corrections.close(session, caller, case_id, note.replace("\r\n", "\n"))
    except (Conflict, Invalid) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return _change(request, session, caller, case_id, note=note, problem=problem)
    return _to(case_id)


@router.get("/desk/cases/{case_id}/correction/change")
def change(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    """Another last day, or going on without it."""
    return _change(request, session, caller, case_id)


def _day(entered: str) -> date:
    try:
        return date.fromisoformat(entered.strip())
    except ValueError:
        wrong = FieldError("/due_on", "Write a day that exists, such as 2026-04-01")
        raise Invalid("Some entries need mending", errors=[wrong]) from None


def _to(case_id: UUID) -> Response:
    return RedirectResponse(f"/desk/cases/{case_id}", 303, {"cache-control": "no-store"})


def _form(
    request: Request,
    session: Session,
    case: Case,
    entered: dict[str, str],
    *,
    items: list[tuple[str, str]] | None = None,
    problem: Conflict | Invalid | None = None,
) -> Response:
    language = language_of(request)
    procedure = version(session, cases.ref_of(case))
    errors: dict[str, str] = {}
    for error in problem.errors if problem else ():
        step = error.pointer.split("/")
        at = f"says:{items[int(step[2])][0]}" if items and step[1] == "items" and len(step) > 2 else step[1]  # noqa: PLR2004 - /items/0/says
        errors[at] = translate(error.detail, language, **error.values)
    said = {name for name, text in entered.items() if text.strip()} | errors.keys()
    return _pages.show(
        request,
        "ask_correction.html",
        status=problem.status if problem else 200,
        case=case,
        title=procedure.title.within(language),
        sections=_sections(procedure, places(procedure, case.answers, language, today=today()), said, language),
        entered=entered,
        errors=errors,
        problem=problem,
        summary=[(_anchor(at), text) for at, text in errors.items()],
        anchor=_anchor,
        limits={"says": corrections.SAYS_LIMIT, "note": corrections.NOTE_LIMIT},
    )


def _sections(procedure: Procedure, found: list[Place], said: set[str], language: Language) -> list[dict[str, Any]]:
    """The places by the pages of the form, with how many of each are marked; where something was `said`, the page is open."""
    sections = []
    for page in procedure.form:
        keys = {field.key for field in page.fields}
        inside = [place for place in found if place.pointer.split("/")[1] in keys]
        if inside:
            marks = sum(f"says:{place.pointer}" in said for place in inside)
            sections.append({"title": page.page.within(language), "places": inside, "marks": marks})
    return sections


def _anchor(name: str) -> str:
    return {"items": "items"}.get(name, name.replace(":", "").replace("/", "-"))


def _change(
    request: Request,
    session: Session,
    caller: Caller,
    case_id: UUID,
    *,
    due_on: str = "",
    note: str = "",
    problem: Conflict | Invalid | None = None,
) -> Response:
    case = cases.shown(session, caller, case_id)
    correction = corrections.open_one(session, case)
    language = language_of(request)
    errors: dict[str, Any] = {
        one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())
    }
    return _pages.show(
        request,
        "change_correction.html",
        status=problem.status if problem else 200,
        case=case,
        title=version(session, cases.ref_of(case)).title.within(language),
        correction=correction,
        due_on=due_on or corrections.default_due(session, case).isoformat(),
        note=note,
        problem=problem,
        errors=errors,
        summary=list(errors.items()),
        limit=corrections.NOTE_LIMIT,
    )
