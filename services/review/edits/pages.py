"""The desk's page for mending an entry oneself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases, moves
from services.review.edits import edits
from services.review.models import Case
from services.review.procedures import version
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


async def _posted(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0)
    return {name: text.replace("\r\n", "\n") for name, text in form.multi_items() if isinstance(text, str)}


Posted = Annotated[dict[str, str], Depends(_posted)]


@router.get("/desk/cases/{case_id}/edit")
def show_form(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _form(request, session, caller, cases.shown(session, caller, case_id))


@router.post("/desk/cases/{case_id}/edit")
def edit(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    case = cases.shown(session, caller, case_id)
    procedure, seen = version(session, cases.ref_of(case)), posted.get("revision", "")
    offered = {one.key: one.value for one in edits.editable(procedure, case, "ja")}
    entered = {name.removeprefix("answer:"): text for name, text in posted.items() if name.startswith("answer:")}
    changed = {key: text for key, text in entered.items() if key in offered and text.strip() != offered[key]}
    try:
        number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None  # noqa: PLR2004 - a bigint
        edits.edit(session, caller, case_id, edits.typed(procedure, changed), posted.get("reason", ""), revision=number)
    except (Conflict, Invalid) as problem:
        session.rollback()
        return _form(request, session, caller, cases.shown(session, caller, case_id), posted, problem)
    return RedirectResponse(f"/desk/cases/{case_id}", 303, {"cache-control": "no-store"})


def _form(  # noqa: PLR0917 - what the page shows
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    posted: dict[str, str] | None = None,
    problem: Conflict | Invalid | None = None,
) -> Response:
    language, procedure = language_of(request), version(session, cases.ref_of(case))
    errors: dict[str, str] = {}
    for one in problem.errors if problem else ():
        step = one.pointer.split("/")
        at = f"answer-{step[2]}" if step[1] == "answers" and len(step) > 2 else step[1]  # noqa: PLR2004 - /answers/fee
        errors.setdefault(at, translate(one.detail, language, **one.values))
    return _pages.show(
        request,
        "edit_entries.html",
        status=problem.status if problem else 200,
        case=case,
        title=procedure.title.within(language),
        fields=edits.editable(procedure, case, language),
        possible=bool(procedure.review.editable) and moves.may(session, caller, case, "edit-entry"),
        entered=posted or {},
        problem=problem,
        errors=errors,
        summary=list(errors.items()),
        limit=edits.REASON_LIMIT,
    )
