"""Messages between applicant and office over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.intake.applications import applications
from services.intake.messages import messages
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}/messages", tags=["messages"])


class MessageIn(BaseModel):
    """A message to write: plain text."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    text: str = Field(min_length=1, max_length=messages.TEXT_LIMIT, pattern=r"^[^\x00]*$")


class MessageOut(BaseModel):
    """A message, the oldest first."""

    id: UUID
    from_office: bool
    author: str
    text: str
    at: datetime
    read_at: datetime | None = Field(description="when the other side first saw it")


@router.get("", response_model=list[MessageOut], responses=described(401, 403, 404, 422))
def list_messages(application_id: UUID, session: Transaction, caller: Applicant) -> Any:
    """What your organisation and the office wrote about one application. It does not count as read by this."""
    return [one.model_dump() for one in messages.listed(session, caller, application_id)]


@router.post("", status_code=201, response_model=MessageOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def write_message(application_id: UUID, written: MessageIn, session: Transaction, caller: Applicant) -> Any:
    """Write to the office."""
    return messages.write(session, caller, application_id, written.text).model_dump()


@router.post("/read", status_code=204, responses=described(401, 403, 404, 422, 429))
def read_messages(application_id: UUID, session: Transaction, caller: Applicant) -> None:
    """Say that the office's messages were read; the official sees when."""
    messages.read(session, applications.shown(session, caller, application_id)[0])
