"""The page of messages about one application: read, and written with files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.applications import applications
from services.intake.catalogue.shown import title_of
from services.intake.files import attachments
from services.intake.forms.entering import entered_by
from services.intake.forms.reading import text_of
from services.intake.messages import messages
from services.intake.messages.routes import file_download
from shared.conversations import TEXT_LIMIT
from shared.files.kept import MOST_FILES, state_of
from shared.i18n import translate
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, FieldError, Invalid, NotFound, TooMany
from shared.web.callers import Transaction
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@dataclass
class FileField:
    """The form's field of files: id, name, state, and whether it was sent already; which are chosen to go."""

    files: list[tuple[str, str, str, bool]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)


async def _entered(request: Request, caller: ApplicantPerson, application_id: UUID) -> Entered:
    def sending() -> Caller:
        must_write(caller)
        with Session(request.app.state.engine) as session:
            application, _ = applications.shown(session, caller, application_id)
            return acting(session, caller, application.organisation_id, application.procedure_id, "file")

    return await entered_by(request, sending)


@router.get("/applications/{application_id}/messages")
def show_messages(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _show(request, session, caller, application_id)


@router.post("/applications/{application_id}/messages")
def write_message(
    application_id: UUID,
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    posted: Annotated[Entered, Depends(_entered)],
) -> Response:
    text = text_of(posted.posted, "text").replace("\r\n", "\n")  # how browsers send the lines of a text field
    ids, scanning = _ids(posted), bool(request.app.state.settings.clamd)
    try:
        _must_be_taken(posted)
        message = messages.write(session, caller, application_id, text, ids, scanning=scanning)
    except (Invalid, Conflict, TooMany) as problem:
        session.rollback()
        return _show(request, session, caller, application_id, text=text, ids=ids, problem=problem)
    return RedirectResponse(f"/applications/{application_id}/messages#{message.id}", 303, {"cache-control": "no-store"})


@router.get("/applications/{application_id}/messages/{message_id}/files/{file_id}")
def fetch_file(  # noqa: PLR0917 - what FastAPI gives
    application_id: UUID, message_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson
) -> Response:
    return file_download(request, session, caller, application_id, message_id, file_id)


def _must_be_taken(posted: Entered) -> None:
    """Raises Invalid when a file was refused."""
    for refused in posted.refused.values():
        wrong = FieldError("/files", refused.detail, refused.values)
        raise Invalid("The message cannot be sent like this", errors=[wrong])


def _ids(posted: Entered) -> list[UUID]:
    """The files that the form names: those it brought by their references, those that came before by their ids."""
    found = []
    for text in posted.posted.get("files", ()):
        with suppress(ValueError, TypeError, KeyError):
            found.append(UUID(json.loads(text)["id"] if text.startswith("{") else text))
    return found


def _field(request: Request, session: Session, caller: Caller, ids: Sequence[UUID]) -> FileField:
    shown, scanning = FileField(), bool(request.app.state.settings.clamd)
    for one in dict.fromkeys(ids):
        with suppress(NotFound):
            file = attachments.shown(session, caller, one)
            shown.files.append((str(file.id), file.name, state_of(file, scanning=scanning), False))
            shown.kept.add(str(file.id))
    return shown


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    application_id: UUID,
    *,
    text: str = "",
    ids: Sequence[UUID] = (),
    problem: Invalid | Conflict | TooMany | None = None,
) -> Response:
    application, _ = applications.shown(session, caller, application_id)
    messages.read(session, application)
    language = language_of(request)
    errors = {one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())}
    return _pages.show(
        request,
        "messages.html",
        status=problem.status if problem else 200,
        application=application,
        title=title_of(request, session, application),
        messages=messages.listed(session, caller, application_id),
        possible=messages.may_write(application),
        text=text,
        field=_field(request, session, caller, ids),
        most=MOST_FILES,
        limit=TEXT_LIMIT,
        problem=problem,
        error=errors.get("text", ""),
        errors=errors,
        summary=[("files-file" if at == "files" else at, said) for at, said in errors.items()],
    )
