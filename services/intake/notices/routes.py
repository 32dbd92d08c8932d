"""Notices over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.intake.notices import notices
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/notices", tags=["notices"])


class NoticeOut(BaseModel):
    """Something that happened to an application of your organisation."""

    id: UUID
    kind: str = Field(description="a state (`arrived`, `approved` …) or what happened (`asked`, `message` …)")
    at: datetime
    application_id: UUID
    receipt_number: str
    read: bool = Field(description="by you; your colleagues read for themselves")


class ReadIn(BaseModel):
    """Which notices were read."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(max_length=200)


@router.get("", response_model=list[NoticeOut], responses=described(401, 403, 422))
def list_notices(
    session: Transaction,
    caller: Applicant,
    *,
    unread: Annotated[bool, Query(description="only those that you have not read; so none is missed, whenever you ask")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """What happened to the applications of your organisation, newest first."""
    found = notices.listed(session, caller, unread=unread, limit=limit, before=before)
    return [
        {
            **one.notice.model_dump(include={"id", "kind", "at", "application_id"}),
            "receipt_number": one.application.receipt_number,
            "read": one.is_read,
        }
        for one in found
    ]


@router.post("/read", status_code=204, responses=described(400, 401, 403, 413, 422, 429))
def read_notices(which: ReadIn, session: Transaction, caller: Applicant) -> None:
    """Say that you have read these; what is not your organisation's is passed over."""
    notices.read(session, caller, which.ids)
