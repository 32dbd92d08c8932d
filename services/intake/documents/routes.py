"""Documents that the office issued, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.intake.applications import applications
from services.intake.documents import documents
from shared.identity.callers import Caller
from shared.web.callers import Applicant, Transaction
from shared.web.downloads import attachment_headers
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}/documents", tags=["documents"])


class DocumentOut(BaseModel):
    """A document that the office issued."""

    id: UUID
    number: str
    title: str
    issued_at: datetime
    available_at: datetime = Field(description="from when it could be fetched")
    fetched_at: datetime | None = Field(description="when your organisation fetched it first; the office sees it too")
    fetched_by: str | None
    sha256: str = Field(description="of its bytes, in hexadecimal; empty for what an older version made")
    size: int = Field(description="in bytes")
    replaces: UUID | None = Field(description="the document for which this one was issued again")
    replaced_by: UUID | None
    ended_at: datetime | None = Field(description="since when it is not in force any more: replaced, or revoked")
    end_reason: str
    paper_sent_at: datetime | None = Field(description="when the office sent it on paper")


@router.get("", response_model=list[DocumentOut], responses=described(401, 403, 404, 422))
def list_documents(application_id: UUID, session: Transaction, caller: Applicant) -> Any:
    """The documents of one application of your organisation. To list them is not to fetch them."""
    application, _ = applications.shown(session, caller, application_id)
    found = documents.of_application(session, application)
    return [one.model_dump(include=set(DocumentOut.model_fields)) for one in found]


@router.get(
    "/{document_id}",
    response_class=Response,
    responses={
        200: {"description": "the document", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **described(401, 403, 404, 422, 503),
    },
)
def fetch_document(
    application_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: Applicant
) -> Response:
    """A document as a PDF. The first time is recorded and shown to both sides."""
    return pdf(request, session, caller, application_id, document_id)


def pdf(request: Request, session: Session, caller: Caller, application_id: UUID, document_id: UUID) -> Response:
    """A document to keep. It is committed before it is sent: who has it has fetched it."""
    application, _ = applications.shown(session, caller, application_id)
    document, content = documents.fetch(session, request.app.state.storage, caller, application, document_id)
    return Response(content, media_type="application/pdf", headers=attachment_headers(f"{document.number}.pdf"))
