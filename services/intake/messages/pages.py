"""The page of messages about one application: read, and written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.applications import applications
from services.intake.catalogue.shown import title_of
from services.intake.messages import messages
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, TooMany
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/applications/{application_id}/messages")
def show_messages(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _show(request, session, caller, application_id)


@router.post("/applications/{application_id}/messages")
def write_message(
    application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson, text: Annotated[str, Form()] = ""
) -> Response:
    text = text.replace("\r\n", "\n")  # how browsers send the lines of a text field
    try:
        message = messages.write(session, caller, application_id, text)
    except (Invalid, Conflict, TooMany) as problem:
        return _show(request, session, caller, application_id, text=text, problem=problem)
    return RedirectResponse(f"/applications/{application_id}/messages#{message.id}", 303, {"cache-control": "no-store"})


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    application_id: UUID,
    *,
    text: str = "",
    problem: Invalid | Conflict | TooMany | None = None,
) -> Response:
    application, _ = applications.shown(session, caller, application_id)
    messages.read(session, application)
    language = language_of(request)
    errors = [translate(error.detail, language, **error.values) for error in problem.errors] if problem else []
    return _pages.show(
        request,
        "messages.html",
        status=problem.status if problem else 200,
        application=application,
        title=title_of(request, session, application),
        messages=messages.listed(session, caller, application_id),
        possible=messages.may_write(application),
        text=text,
        limit=messages.TEXT_LIMIT,
        problem=problem,
        error=errors[0] if errors else "",
    )
