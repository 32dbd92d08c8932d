"""The desk over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.review import cases, decisions, documents
from services.review.downloads import downloaded
from services.review.models import Case
from shared.events import Duplicate, ProcedureRef
from shared.letters import TEXT_LIMIT, TITLE_LIMIT
from shared.web.callers import Reviewer, Transaction
from shared.web.downloads import DOWNLOAD
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases", tags=["cases"])


class CaseOut(BaseModel):
    """A case in a list."""

    id: UUID
    application_id: UUID
    procedure: ProcedureRef
    receipt_number: str
    arrival_number: str
    arrived_at: datetime
    applicant: str
    group: str
    official: str = Field(description="empty while nobody of the group takes cases")
    state: str
    decision: str | None


class CaseDetail(CaseOut):
    """A case with what was filed and, once it is decided, the reasons."""

    answers: dict[str, Any]
    revision: int = Field(description="which contents `answers` are: 1 as filed, more after corrections")
    contact: dict[str, Any]
    duplicates: list[Duplicate] = Field(description="other applications of the same corporation that are the same, or nearly so")
    reasons: str
    decided_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None


class DocumentIn(BaseModel):
    """A document to issue with the decision."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=TITLE_LIMIT, pattern=r"^[^\x00\n]*$")
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"^[^\x00]*$")


class DocumentOut(BaseModel):
    """A document that was issued, and when the applicant fetched it first."""

    id: UUID
    number: str
    title: str
    issued_at: datetime
    issued_by_name: str
    fetched_at: datetime | None
    fetched_by: str | None
    sha256: str | None = Field(description="of the bytes that were fetched, in hexadecimal")


class DecisionIn(BaseModel):
    """A decision. A refusal has to state its reasons (行政手続法8条)."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse", "accept"]
    # PostgreSQL keeps no null character
    reasons: str = Field(default="", max_length=decisions.REASONS_LIMIT, pattern=r"^[^\x00]*$")
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")
    document: DocumentIn | None = Field(default=None, description="issued with the decision, as a PDF")


@router.get("", response_model=list[CaseOut], responses=described(401, 403, 422))
def list_cases(
    session: Transaction,
    caller: Reviewer,
    *,
    state: Literal["open", "correcting", "decided", "withdrawn"] | None = None,
    mine: Annotated[bool, Query(description="only those given to you")] = False,
    application_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """The cases of your groups, newest first."""
    found = cases.listed(session, caller, state=state, mine=mine, application_id=application_id, limit=limit, before=before)
    return [_outline(case) for case in found]


@router.get("/{case_id}", response_model=CaseDetail, responses=described(401, 403, 404, 422))
def show_case(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """One case of your groups."""
    return detail(cases.shown(session, caller, case_id))


@router.get(
    "/{case_id}/attachments/{attachment_id}/content",
    response_class=Response,
    responses=DOWNLOAD | described(401, 403, 404, 422, 503),
)
def fetch_attachment(case_id: UUID, attachment_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Response:
    """A file that was filed with a case of your groups; its id is in the answers."""
    return downloaded(request, session, caller, case_id, attachment_id)


@router.post("/{case_id}/decision", response_model=CaseDetail, responses=described(400, 401, 403, 404, 409, 413, 422))
def decide(case_id: UUID, written: DecisionIn, session: Transaction, caller: Reviewer) -> Any:
    """Decide a case of your groups; the applicant is told."""
    document = documents.Written(written.document.title, written.document.text) if written.document else None
    decided = decisions.decide(
        session, caller, case_id, written.decision, written.reasons, revision=written.revision, document=document
    )
    return detail(decided)


@router.get("/{case_id}/documents", response_model=list[DocumentOut], responses=described(401, 403, 404, 422))
def list_documents(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The documents that were issued in one case of your groups."""
    found = documents.of_case(session, cases.shown(session, caller, case_id))
    return [one.model_dump(include=set(DocumentOut.model_fields)) for one in found]


def _outline(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "application_id": case.application_id,
        "procedure": ProcedureRef(id=case.procedure_id, version=case.procedure_version),
        "receipt_number": case.receipt_number,
        "arrival_number": case.arrival_number,
        "arrived_at": case.arrived_at,
        "applicant": case.applicant["name"],
        "group": case.group,
        "official": case.official_name,
        "state": case.state,
        "decision": case.decision,
    }


def detail(case: Case) -> dict[str, Any]:
    """A case as CaseDetail."""
    return {
        **_outline(case),
        "answers": case.answers,
        "revision": case.revision,
        "contact": case.contact,
        "duplicates": case.duplicates,
        "reasons": case.reasons,
        "decided_at": case.decided_at,
        "withdrawn_at": case.withdrawn_at,
        "withdrawal_reason": case.withdrawal_reason,
    }
