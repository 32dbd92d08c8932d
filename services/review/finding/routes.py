"""The list of cases over HTTP."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.review.cases.routes import CaseOut, outline
from services.review.finding import finding, views
from services.review.finding.finding import Filter, Sort
from services.review.models import SavedView
from shared.identity.callers import Caller
from shared.procedure.fields import NAME
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


class ViewIn(BaseModel):
    """A view to save."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=views.NAME_LIMIT, pattern=r"^[^\x00]*$")
    filter: Filter
    sort: Sort = "newest"
    group: str | None = Field(default=None, pattern=NAME, description="shared with this group of yours")


class ViewOut(BaseModel):
    """A saved view."""

    id: UUID
    name: str
    filter: dict[str, Any]
    sort: Sort
    group: str | None
    mine: bool
    by: str


def _view_out(view: SavedView, caller: Caller) -> dict[str, Any]:
    told = view.model_dump(include={"id", "name", "filter", "sort", "group"})
    return {**told, "mine": view.owner_id == caller.account_id, "by": view.owner_name}


@router.get("/views", response_model=list[ViewOut], responses=described(401, 403))
def list_views(session: Transaction, caller: Reviewer) -> Any:
    """Your saved views of the list, and those shared with your groups."""
    return [_view_out(view, caller) for view in views.of(session, caller)]


@router.post("/views", status_code=201, response_model=ViewOut, responses=described(400, 401, 403, 409, 413, 422, 429))
def save_view(written: ViewIn, session: Transaction, caller: Reviewer) -> Any:
    """Save a view of the list, for yourself or for a group of yours."""
    view = views.save(session, caller, written.name, written.filter, sort=written.sort, group=written.group)
    return _view_out(view, caller)


@router.delete("/views/{view_id}", status_code=204, responses=described(401, 403, 404, 422))
def delete_view(view_id: UUID, session: Transaction, caller: Reviewer) -> None:
    """Delete a view of your own."""
    views.delete(session, caller, view_id)
