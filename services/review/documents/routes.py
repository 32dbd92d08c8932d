"""Documents over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.review.cases import cases
from services.review.documents import documents
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases", tags=["documents"])


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


@router.get("/{case_id}/documents", response_model=list[DocumentOut], responses=described(401, 403, 404, 422))
def list_documents(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The documents that were issued in one case of your groups."""
    found = documents.of_case(session, cases.shown(session, caller, case_id))
    return [one.model_dump(include=set(DocumentOut.model_fields)) for one in found]
