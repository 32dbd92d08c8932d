"""Opinions over HTTP: asking and withdrawing, and answering what one is asked oneself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.review.cases import cases
from services.review.files.downloads import outline
from services.review.models import Opinion
from services.review.opinions import answering, opinions
from services.review.opinions.opinions import Outsider, Shown
from shared.validation import WrittenContact
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described
from shared.web.uploads import FileOut

router = APIRouter(prefix="/v1/cases/{case_id}/opinions", tags=["opinions"])
_TEXT = r"^[^\x00]*$"  # PostgreSQL keeps no null character


class OpinionIn(BaseModel):
    """An opinion to ask for: of an official by the id of his account, or of somebody outside who gets a link by e-mail."""

    model_config = ConfigDict(extra="forbid")

    to: UUID | WrittenContact
    question: str = Field(min_length=1, max_length=opinions.QUESTION_LIMIT, pattern=_TEXT)
    fields: list[Annotated[str, Field(max_length=100, pattern=_TEXT)]] = Field(
        default=[], max_length=500, description="keys of the fields that may be seen; no others are"
    )
    attachments: list[UUID] = Field(default=[], max_length=500, description="ids of the attachments that may be seen")
    contact: bool = Field(default=False, description="whether who applies and whom to write to may be seen")
    due_on: date = Field(description="the last day to answer, in Japan's time")


class OpinionOut(BaseModel):
    """An opinion that was asked for, and the answer."""

    id: UUID
    inside: bool
    name: str
    question: str
    fields: list[str]
    attachments: list[UUID]
    contact: bool
    revision: int
    due_on: date
    asked_at: datetime
    asked_by_name: str
    state: Literal["asked", "answered", "withdrawn", "expired", "closed"]
    answer: str
    answered_at: datetime | None
    earlier: list[dict[str, Any]] = Field(description="answers before it was revised")
    files: list[FileOut]


@router.get("", response_model=list[OpinionOut], responses=described(401, 403, 404, 422))
def list_opinions(case_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """The opinions that were asked for on a case, in their order."""
    return [_out(request, session, one) for one in opinions.of_case(session, cases.shown(session, caller, case_id))]


@router.post("", status_code=201, response_model=OpinionOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def ask(case_id: UUID, written: OpinionIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Ask for an opinion. Who is asked sees what you choose, until the last day."""
    to = written.to if isinstance(written.to, UUID) else Outsider(**written.to.model_dump())
    seeing = Shown(written.fields, [str(one) for one in written.attachments], written.contact)
    made = opinions.ask(session, caller, case_id, to, written.question, seeing=seeing, due_on=written.due_on)
    return _out(request, session, made)


@router.post("/{opinion_id}/withdrawal", response_model=OpinionOut, responses=described(401, 403, 404, 409, 422, 429))
def withdraw(case_id: UUID, opinion_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Take a question back that is not answered."""
    return _out(request, session, opinions.withdraw(session, caller, case_id, opinion_id))


def _out(request: Request, session: Session, opinion: Opinion) -> dict[str, Any]:
    return {
        **opinion.model_dump(include=set(OpinionOut.model_fields)),
        "inside": opinion.account_id is not None,
        "contact": opinion.with_contact,
        "files": [outline(request, file) for file in answering.of_opinion(session, opinion)],
    }
