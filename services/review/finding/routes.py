"""The list of cases over HTTP."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from services.review.cases.routes import CaseOut, outline
from services.review.finding import finding
from services.review.finding.finding import Filter, Sort
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases", tags=["cases"])


class ListQuery(Filter):
    """A filter, and which page of the list."""

    sort: Sort = "newest"
    limit: int = Field(default=50, ge=1, le=200)
    before: UUID | None = Field(default=None, description="the last id of the page before")


@router.get("", response_model=list[CaseOut], responses=described(401, 403, 422))
def list_cases(session: Transaction, caller: Reviewer, wanted: Annotated[ListQuery, Query()]) -> Any:
    """The cases of your groups that all the parameters leave, by the day they arrived."""
    found = finding.listed(session, caller, wanted, sort=wanted.sort, limit=wanted.limit, before=wanted.before)
    finding.noted(session, caller, wanted, found)
    return [outline(case) for case in found]
