"""Documents at the desk: one as it would be issued, and those that were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Form, Response

from services.review.audit.audit import note_view
from services.review.cases import cases
from services.review.documents import documents
from services.review.models import Document
from shared.letters import Letter, letter_pdf
from shared.problems import Invalid
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import ReviewerPerson

router = pages_router()


@router.post("/desk/cases/{case_id}/document-preview")
def preview(
    case_id: UUID,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    document_title: Annotated[str, Form()] = "",
    document_text: Annotated[str, Form()] = "",
) -> Response:
    """The document as it would be issued; nothing is kept."""
    case = cases.shown(session, caller, case_id)
    written = documents.Written(document_title, document_text.replace("\r\n", "\n"))
    if errors := written.errors():
        raise Invalid("The document cannot be issued like this", errors=errors)
    draft = Document(
        case_id=case.id,
        number=documents.NOT_YET,
        title=written.title.strip(),
        text=written.text.strip(),
        issued_at=datetime.now(UTC),
        issued_by=caller.account_id,
        issued_by_name=caller.name,
    )
    return _pdf(documents.letter(session, case, draft), "preview")


@router.get("/desk/cases/{case_id}/documents/{document_id}.pdf")
def show_document(case_id: UUID, document_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    case = cases.shown(session, caller, case_id)
    document = documents.shown(session, case, document_id)
    note_view(session, caller, "document.shown", case_id, document=document_id)
    return _pdf(documents.letter(session, case, document), document.number)


def _pdf(letter: Letter, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.pdf"', "cache-control": "no-store"}
    return Response(letter_pdf(letter), media_type="application/pdf", headers=headers)
