"""The inbox over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.notify.inbox import inbox
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])


class InboxOut(BaseModel):
    """Something you were told."""

    id: UUID
    kind: str = Field(description="what it tells: `case-opened`, `case-overdue` …")
    says: str
    link: str
    procedure: str | None = Field(description="the procedure's id")
    at: datetime
    read_at: datetime | None


class UnreadOut(BaseModel):
    """How many you have not read; 100 means 100 or more."""

    unread: int


class ReadIn(BaseModel):
    """Which were read."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(max_length=200)


@router.get("", response_model=list[InboxOut], responses=described(401, 403, 422))
def list_inbox(
    request: Request,
    session: Transaction,
    caller: Reviewer,
    *,
    unread: bool = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """What you were told, newest first."""
    key, url = _key(request), request.app.state.settings.base_url
    found = inbox.listed(session, key, caller.email, unread=unread, limit=limit, before=before)
    return [
        {
            "id": one.id,
            "kind": one.template,
            "says": inbox.said(session, request.app.state.wordings, one),
            "link": url + one.filling.get("path", "/"),
            "procedure": one.procedure_id,
            "at": one.created_at,
            "read_at": one.read_at,
        }
        for one in found
    ]


@router.get("/unread", response_model=UnreadOut, responses=described(401, 403))
def count_unread(request: Request, session: Transaction, caller: Reviewer) -> Any:
    """How many you have not read."""
    return {"unread": inbox.unread(session, _key(request), caller.email)}


@router.post("/read", status_code=204, responses=described(400, 401, 403, 413, 422, 429))
def read_inbox(request: Request, which: ReadIn, session: Transaction, caller: Reviewer) -> None:
    """Say that you have read these; what is not yours is passed over."""
    inbox.read(session, _key(request), caller.email, which.ids)


def _key(request: Request) -> SecretStr:
    key: SecretStr = request.app.state.settings.secret_key
    return key
