"""Messages between applicant and office over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.intake.applications import applications
from services.intake.files import attachments
from services.intake.messages import messages
from shared.events import AttachedFile
from shared.identity.callers import Caller
from shared.storage import attachment_key
from shared.web.callers import Applicant, Transaction
from shared.web.downloads import DOWNLOAD, download
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}/messages", tags=["messages"])


class MessageIn(BaseModel):
    """A message to write: plain text."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    text: str = Field(min_length=1, max_length=messages.TEXT_LIMIT, pattern=r"^[^\x00]*$")
    files: list[UUID] = Field(default=[], max_length=messages.MOST_FILES, description="ids of POST /v1/attachments")


class MessageOut(BaseModel):
    """A message, the oldest first."""

    id: UUID
    from_office: bool
    author: str
    text: str
    at: datetime
    read_at: datetime | None = Field(description="when the other side first saw it")
    files: list[AttachedFile]


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
    one = messages.file_of(session, application, message_id, file_id)
    content = attachments.opened(request.app.state.storage, attachment_key(file_id))
    return download(content, name=one["name"], media_type=one["type"], size=one["size"])


@router.post("/read", status_code=204, responses=described(401, 403, 404, 422, 429))
def read_messages(application_id: UUID, session: Transaction, caller: Applicant) -> None:
    """Say that the office's messages were read; the official sees when."""
    messages.read(session, applications.shown(session, caller, application_id)[0])
