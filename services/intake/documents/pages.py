"""Documents that the office issued, from the page of the application."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from services.intake.documents.routes import pdf
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import ApplicantPerson

router = pages_router()


@router.get("/applications/{application_id}/documents/{document_id}.pdf")
def download_document(
    application_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson
) -> Response:
    return pdf(request, session, caller, application_id, document_id)
