"""Downloads of an applicant's own files."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from services.intake.files import attachments
from services.intake.files.routes import downloaded
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import ApplicantPerson

router = pages_router()


@router.get("/attachments/{attachment_id}")
def fetch(attachment_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return downloaded(request, attachments.shown(session, caller, attachment_id))
