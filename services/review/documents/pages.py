"""Documents at the desk: one as it would be issued, those that were, and those to send on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.audit.audit import note_list
from services.review.cases import cases
from services.review.cases.moves import acting
from services.review.documents import documents, ending, unfetched
from services.review.documents.documents import Written
from services.review.documents.papers import Ruling
from services.review.documents.routes import content, paper_of, specimen
from services.review.models import Document
from shared.i18n import message, translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

STATES: dict[str, tuple[str, str]] = {
    "waiting": ("going", message("Being made")),
    "in-force": ("good", message("In force")),
    "replaced": ("bad", message("Replaced by another document")),
    "revoked": ("bad", message("Revoked")),
}
_pages = Pages(Path(__file__).parent.parent / "templates")
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
    """The letter as it would be issued, with the mark 見本; nothing is kept."""
    case = acting(session, caller, case_id, "preview-document")
    letter = Written(document_title, document_text.replace("\r\n", "\n"))
    return specimen(session, case, paper_of(session, case, Ruling(""), letter))


@router.get("/desk/documents")
def list_to_send(request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    rows = unfetched.to_send(session, caller)
    note_list(session, caller, "documents.to-send", [case.id for _, case in rows])
    return _pages.show(request, "documents_to_send.html", rows=rows)


@router.get("/desk/cases/{case_id}/documents/{document_id}.pdf")
def download_document(
    case_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    return content(request, session, caller, case_id, document_id)


@router.get("/desk/cases/{case_id}/documents/{document_id}")
def show_document(case_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _show(request, session, caller, case_id, document_id)


@router.post("/desk/cases/{case_id}/documents/{document_id}/reissue")
def reissue(
    case_id: UUID,
    document_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    reason: Annotated[str, Form()] = "",
    text: Annotated[str | None, Form()] = None,
) -> Response:
    words = text.replace("\r\n", "\n").strip() if text is not None else None
    try:
        new = ending.reissue(session, caller, case_id, document_id, reason.replace("\r\n", "\n"), text=words)
    except (Conflict, Invalid) as problem:
        return _show(request, session, caller, case_id, document_id, act="reissue", reason=reason, text=words, problem=problem)
    return _to(case_id, new.id)


@router.post("/desk/cases/{case_id}/documents/{document_id}/revocation")
def revoke(
    case_id: UUID,
    document_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    reason: Annotated[str, Form()] = "",
) -> Response:
    try:
        ending.revoke(session, caller, case_id, document_id, reason.replace("\r\n", "\n"))
    except (Conflict, Invalid) as problem:
        return _show(request, session, caller, case_id, document_id, act="revoke", reason=reason, problem=problem)
    return _to(case_id, document_id)


@router.post("/desk/cases/{case_id}/documents/{document_id}/paper")
def sent_on_paper(case_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    try:
        ending.sent_on_paper(session, caller, case_id, document_id)
    except Conflict as problem:
        return _show(request, session, caller, case_id, document_id, problem=problem)
    return _to(case_id, document_id)


def _to(case_id: UUID, document_id: UUID) -> Response:
    return RedirectResponse(f"/desk/cases/{case_id}/documents/{document_id}", 303, {"cache-control": "no-store"})


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    case_id: UUID,
    document_id: UUID,
    *,
    act: str = "",
    reason: str = "",
    text: str | None = None,
    problem: Conflict | Invalid | None = None,
) -> Response:
    case = cases.shown(session, caller, case_id)
    document = documents.shown(session, case, document_id)
    language = language_of(request)
    errors = {f"{act}-{e.pointer[1:]}": translate(e.detail, language, **e.values) for e in problem.errors} if problem else {}
    return _pages.show(
        request,
        "document.html",
        status=problem.status if problem else 200,
        case=case,
        document=document,
        state=STATES[document.state],
        before=_other(session, document.replaces),
        after=_other(session, document.replaced_by),
        reasons={"reissue": "", "revoke": "", act: reason},
        text=document.text if text is None else text,
        problem=problem,
        errors=errors,
        summary=list(errors.items()),
        limits={"reason": ending.REASON_LIMIT, "text": documents.TEXT_LIMIT},
    )


def _other(session: Session, document_id: UUID | None) -> Document | None:
    return session.get(Document, document_id) if document_id else None
