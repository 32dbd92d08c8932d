"""The desk's page of messages about one case: read, and written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases
from services.review.messages import messages
from services.review.procedures import version
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, TooMany
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk/cases/{case_id}/messages")
def show_messages(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _show(request, session, caller, case_id)


@router.post("/desk/cases/{case_id}/messages")
def write_message(
    case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, text: Annotated[str, Form()] = ""
) -> Response:
    text = text.replace("\r\n", "\n")  # how browsers send the lines of a text field
    try:
        message = messages.write(session, caller, case_id, text)
    except (Invalid, Conflict, TooMany) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return _show(request, session, caller, case_id, text=text, problem=problem)
    return RedirectResponse(f"/desk/cases/{case_id}/messages#{message.id}", 303, {"cache-control": "no-store"})


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    case_id: UUID,
    *,
    text: str = "",
    problem: Invalid | Conflict | TooMany | None = None,
) -> Response:
    case = cases.shown(session, caller, case_id)
    messages.read(session, case)
    language = language_of(request)
    errors = [translate(error.detail, language, **error.values) for error in problem.errors] if problem else []
    return _pages.show(
        request,
        "messages.html",
        status=problem.status if problem else 200,
        case=case,
        title=version(session, cases.ref_of(case)).title.within(language),
        messages=messages.of_case(session, case),
        possible=messages.may_write(case),
        text=text,
        limit=messages.TEXT_LIMIT,
        problem=problem,
        error=errors[0] if errors else "",
    )
