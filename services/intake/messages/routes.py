"""Messages between applicant and office over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.intake.applications import applications
from services.intake.messages import messages
from shared.conversations import MessageIn, MessageOut
from shared.identity.callers import Caller
from shared.web.callers import Applicant, Transaction
from shared.web.downloads import DOWNLOAD, handed_over
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}/messages", tags=["messages"])


@router.get("", response_model=list[MessageOut], responses=described(401, 403, 404, 422))
def list_messages(application_id: UUID, session: Transaction, caller: Applicant) -> Any:
    """What your organisation and the office wrote about one application. It does not count as read by this."""
    return [one.model_dump() for one in messages.listed(session, caller, application_id)]


@router.post("", status_code=201, response_model=MessageOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def write_message(application_id: UUID, written: MessageIn, request: Request, session: Transaction, caller: Applicant) -> Any:
    """Write to the office."""
    scanning = bool(request.app.state.settings.clamd)
    return messages.write(session, caller, application_id, written.text, written.files, scanning=scanning).model_dump()


@router.get(
    "/{message_id}/files/{file_id}/content",
    response_class=Response,
    responses=DOWNLOAD | described(401, 403, 404, 422, 503),
)
def fetch_file(  # noqa: PLR0917 - what FastAPI gives
    application_id: UUID, message_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: Applicant
) -> Response:
    """A file that came or went with a message."""
    return file_download(request, session, caller, application_id, message_id, file_id)


def file_download(  # noqa: PLR0917 - what the address says
    request: Request, session: Session, caller: Caller, application_id: UUID, message_id: UUID, file_id: UUID
) -> Response:
    """A message's file as a download. Raises NotFound, Unavailable."""
    application, _ = applications.shown(session, caller, application_id)
    return handed_over(request, messages.file_of(session, application, message_id, file_id))


@router.post("/read", status_code=204, responses=described(401, 403, 404, 422, 429))
def read_messages(application_id: UUID, session: Transaction, caller: Applicant) -> None:
    """Say that the office's messages were read; the official sees when."""
    messages.read(session, applications.shown(session, caller, application_id)[0])
