"""Corrections over HTTP: asking for one, extending it, going on without it, and what came."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.review.cases import cases, contents
from services.review.corrections import corrections
from services.review.models import Case, Correction
from services.review.procedures import version
from shared.i18n import negotiate
from shared.procedure.changes import changes
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases/{case_id}", tags=["corrections"])
_TEXT = r"^[^\x00]*$"  # PostgreSQL keeps no null character


class ItemIn(BaseModel):
    """One place to mend."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(
        max_length=200, pattern=_TEXT, description="JSON Pointer to a field, a row of a group or a field of a row"
    )
    says: str = Field(max_length=corrections.SAYS_LIMIT, pattern=_TEXT, description="what to do; the applicant reads it")


class CorrectionIn(BaseModel):
    """A correction to ask for."""

    model_config = ConfigDict(extra="forbid")

    items: list[ItemIn] = Field(max_length=corrections.MOST_ITEMS)
    note: str = Field(default="", max_length=corrections.NOTE_LIMIT, pattern=_TEXT)
    due_on: date | None = Field(default=None, description="the last day, in Japan's time; without it, as the procedure says")


class ExtensionIn(BaseModel):
    """Another last day."""

    model_config = ConfigDict(extra="forbid")

    due_on: date


class ClosingIn(BaseModel):
    """Going on without the correction; the applicant reads the note."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=corrections.NOTE_LIMIT, pattern=_TEXT)


class ItemOut(BaseModel):
    """One place to mend."""

    pointer: str
    says: str


class ChangeOut(BaseModel):
    """An entry that differs from the contents before, as people read it."""

    pointer: str
    label: str
    old: str
    new: str


class CorrectionOut(BaseModel):
    """A correction, and what the applicant changed."""

    id: UUID
    state: Literal["asked", "answered", "expired", "closed"]
    asked_at: datetime
    asked_by_name: str
    due_on: date
    note: str
    items: list[ItemOut]
    answered_at: datetime | None
    revision: int | None
    late: bool = Field(description="the case was decided before what was sent in was heard of")
    changes: list[ChangeOut]
    replies: dict[str, str] = Field(description="what the applicant says to items, by their pointers")


@router.get("/corrections", response_model=list[CorrectionOut], responses=described(401, 403, 404, 422))
def list_corrections(case_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """The corrections of a case of your groups, in their order."""
    case = cases.shown(session, caller, case_id)
    return [_out(request, session, case, one) for one in corrections.of_case(session, case)]


@router.post(
    "/corrections", status_code=201, response_model=CorrectionOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429)
)
def ask(case_id: UUID, written: CorrectionIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Ask the applicant to mend some places; the clock of the standard period stops."""
    items = [(item.pointer, item.says) for item in written.items]
    correction = corrections.ask(session, caller, case_id, items, note=written.note, due_on=written.due_on)
    return _out(request, session, cases.shown(session, caller, case_id), correction)


@router.post("/correction/extension", response_model=CorrectionOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def extend(case_id: UUID, written: ExtensionIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Give the applicant until another day; also after the last one passed."""
    correction = corrections.extend(session, caller, case_id, written.due_on)
    return _out(request, session, cases.shown(session, caller, case_id), correction)


@router.post("/correction/closing", response_model=CorrectionOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def close(case_id: UUID, written: ClosingIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Go on without the correction."""
    correction = corrections.close(session, caller, case_id, written.note)
    return _out(request, session, cases.shown(session, caller, case_id), correction)


def _out(request: Request, session: Session, case: Case, correction: Correction) -> dict[str, Any]:
    language = negotiate(request.headers.get("accept-language"))
    found = []
    if correction.revision is not None:
        before, after = (contents.at(session, case, correction.revision - back) for back in (1, 0))
        found = changes(version(session, cases.ref_of(case)), before, after, language)
    return {**correction.model_dump(include=set(CorrectionOut.model_fields)), "changes": [one.__dict__ for one in found]}
