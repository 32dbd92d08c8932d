"""Decisions over HTTP."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.review.cases.routes import CaseDetail, detail
from services.review.decisions import decisions
from services.review.documents import documents
from services.review.documents.documents import TEXT_LIMIT, TITLE_LIMIT
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases", tags=["decisions"])


class DocumentIn(BaseModel):
    """A document to issue with the decision."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=TITLE_LIMIT, pattern=r"^[^\x00\n]*$")
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"^[^\x00]*$")


class DecisionIn(BaseModel):
    """A decision. A refusal has to state its reasons (行政手続法8条)."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "refuse", "accept"]
    # PostgreSQL keeps no null character
    reasons: str = Field(default="", max_length=decisions.REASONS_LIMIT, pattern=r"^[^\x00]*$")
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")
    document: DocumentIn | None = Field(default=None, description="issued with the decision, as a PDF")


@router.post("/{case_id}/decision", response_model=CaseDetail, responses=described(400, 401, 403, 404, 409, 413, 422))
def decide(case_id: UUID, written: DecisionIn, session: Transaction, caller: Reviewer) -> Any:
    """Decide a case of your groups; the applicant is told."""
    document = documents.Written(written.document.title, written.document.text) if written.document else None
    decided = decisions.decide(
        session, caller, case_id, written.decision, written.reasons, revision=written.revision, document=document
    )
    return detail(decided)
