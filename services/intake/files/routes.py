"""Attachments over HTTP: sent once, named in the answers of a filing by what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from services.intake.files import attachments
from services.intake.models import Attachment
from services.intake.rights.reach import sending_for
from shared.database import Session
from shared.files.kept import content, reference, state_of
from shared.filetypes import FILE_TYPES
from shared.identity.callers import Caller, must_write
from shared.storage import Storage
from shared.web import uploads
from shared.web.callers import Applicant, Transaction
from shared.web.downloads import DOWNLOAD, download
from shared.web.problems import described

router = APIRouter(prefix="/v1/attachments", tags=["attachments"])
_TYPES = ", ".join(FILE_TYPES)


class AttachmentOut(uploads.FileOut):
    """A file and how it stands."""

    reference: uploads.ReferenceOut = Field(description="what to write into the answers, as it is")
    expires_at: datetime = Field(description="deleted then, unless it was filed")


def _out(request: Request, attachment: Attachment) -> dict[str, Any]:
    return {
        **reference(attachment),
        "reference": reference(attachment),
        "state": state_of(attachment, scanning=bool(request.app.state.settings.clamd)),
        "expires_at": attachment.expires_at,
    }


@router.post(
    "",
    status_code=201,
    response_model=AttachmentOut,
    responses=described(400, 401, 403, 409, 413, 422, 429, 503),
    openapi_extra=uploads.FILE_BODY,
    description=f"Send a file: its bytes are the body. It is kept for a week, and for good once it is filed. Taken: {_TYPES}.",
)
async def send_attachment(
    request: Request,
    response: Response,
    caller: Applicant,
    on_behalf_of: Annotated[UUID | None, Query(description="your principal: `principal.id` of GET /v1/mandates")] = None,
) -> Any:
    must_write(caller)
    name = uploads.name_in(request.headers.get("content-disposition", ""))
    storage: Storage = request.app.state.storage
    sender = caller if on_behalf_of is None else await run_in_threadpool(_sending, request, caller, on_behalf_of)
    with request.app.state.uploads.taken():
        async with uploads.received(request, storage, request.app.state.settings.attachment_bytes) as incoming:
            sent = await run_in_threadpool(incoming.looked_at, name, request.headers.get("content-type", ""))
            attachment = await run_in_threadpool(attachments.keep, request.app.state.engine, storage, sender, sent)
    response.headers["location"] = f"/v1/attachments/{attachment.id}"
    return _out(request, attachment)


def _sending(request: Request, caller: Caller, principal: UUID) -> Caller:
    with Session(request.app.state.engine) as session:
        return sending_for(session, caller, principal)


@router.get("/{attachment_id}", response_model=AttachmentOut, responses=described(401, 403, 404, 422))
def show_attachment(attachment_id: UUID, request: Request, session: Transaction, caller: Applicant) -> Any:
    """One file of your organisation, and how it stands."""
    return _out(request, attachments.shown(session, caller, attachment_id))


@router.get(
    "/{attachment_id}/content",
    response_class=Response,
    responses=DOWNLOAD | described(401, 403, 404, 409, 422, 503),
)
def fetch_attachment(attachment_id: UUID, request: Request, session: Transaction, caller: Applicant) -> Response:
    """What is in it; not before it is scanned."""
    return downloaded(request, attachments.shown(session, caller, attachment_id))


@router.delete("/{attachment_id}", status_code=204, responses=described(401, 403, 404, 409, 422))
def remove_attachment(attachment_id: UUID, session: Transaction, caller: Applicant) -> None:
    """Give up a file that is not filed."""
    attachments.remove(session, caller, attachment_id)


def downloaded(request: Request, attachment: Attachment) -> Response:
    """A file as a download. Raises Conflict, Unavailable."""
    file = content(request.app.state.storage, attachment, scanning=bool(request.app.state.settings.clamd))
    return download(file, name=attachment.name, media_type=attachment.type, size=attachment.size)
