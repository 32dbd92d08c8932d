"""The desk over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.review.cases import cases
from services.review.cases.downloads import downloaded
from services.review.models import Case
from shared.events import Duplicate, ProcedureRef
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
    stage: str = Field(description="the key of the stage it is in")
    decision: str | None


class CaseDetail(CaseOut):
    """A case with what was filed and, once it is decided, the reasons."""

    answers: dict[str, Any]
    revision: int = Field(description="which contents `answers` are: 1 as filed, more after corrections")
    contact: dict[str, Any]
    duplicates: list[Duplicate] = Field(description="other applications of the same corporation that are the same, or nearly so")
    reasons: str
    amount: int | None = Field(description="what is granted, in yen")
    conditions: list[str]
    criteria: list[str] = Field(description="keys of the criteria that the decision cites")
    decided_as: str = Field(description="the duty it was decided with")
    decided_at: datetime | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None


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


def outline(case: Case) -> dict[str, Any]:
    """A case as CaseOut."""
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
        "stage": case.stage,
        "decision": case.decision,
    }


def detail(case: Case) -> dict[str, Any]:
    """A case as CaseDetail."""
    return {
        **outline(case),
        "answers": case.answers,
        "revision": case.revision,
        "contact": case.contact,
        "duplicates": case.duplicates,
        "reasons": case.reasons,
        "amount": case.amount,
        "conditions": case.conditions,
        "criteria": case.criteria,
        "decided_as": case.decided_as,
        "decided_at": case.decided_at,
        "withdrawn_at": case.withdrawn_at,
        "withdrawal_reason": case.withdrawal_reason,
    }
