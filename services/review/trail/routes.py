"""The trace of a case over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.review.trail import trail
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases", tags=["trail"])
LAST_ID = 2**63 - 1


class EntryOut(BaseModel):
    """One view or act."""

    id: int
    at: datetime
    account_id: UUID | None = Field(description="none for what the desk did by itself, on hearing of an event")
    account_name: str
    duty: str
    act: str
    details: dict[str, Any]


@router.get("/{case_id}/trail", response_model=list[EntryOut], responses=described(401, 403, 404, 422))
def show_trail(
    case_id: UUID,
    session: Transaction,
    caller: Reviewer,
    *,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LAST_ID, description="the last id of the page before")] = None,
) -> Any:
    """Who saw a case of your groups and did what with it, newest first. For managers."""
    _, entries = trail.of_case(session, caller, case_id, before=before, limit=limit)
    return entries
