"""Documents that end or begin again: reissued (再交付), revoked (取消), sent on paper. Who, when and why stay with them."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from services.review.cases.cases import ref_of
from services.review.cases.moves import acting
from services.review.documents import documents
from services.review.models import Case, Document
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import DocumentEnded, DocumentSentOnPaper
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.validation import text_errors

REASON_LIMIT = 2000  # characters


def reissue(
    session: Session, caller: Caller, case_id: UUID, document_id: UUID, reason: str, *, text: str | None = None
) -> Document:
    """Issue a document once more, with a new number and the mark 再交付; the one before is replaced from now on.

    `text` is what the official says in it, where that changes. Raises NotFound, Conflict, Invalid.
    """
    case, document = _in_force(session, caller, "reissue-document", case_id, document_id)
    errors = text_errors("/reason", reason, REASON_LIMIT, needed=True)
    if text is not None:
        errors += text_errors("/text", text, documents.TEXT_LIMIT)
    _refuse(errors)
    said = documents.said_of(document, case, version(session, ref_of(case)))
    new = documents.issue(session, caller, case, documents.again(document, said, text), documents.now(), replaces=document)
    document.replaced_by = new.id
    _end(session, caller, case, document, reason)
    return new


def revoke(session: Session, caller: Caller, case_id: UUID, document_id: UUID, reason: str) -> Document:
    """Revoke a document; the decision itself stays as it is. One that is not made yet never is.

    Raises NotFound, Conflict, Invalid.
    """
    case, document = _in_force(session, caller, "revoke-document", case_id, document_id, or_waiting=True)
    _refuse(text_errors("/reason", reason, REASON_LIMIT, needed=True))
    _end(session, caller, case, document, reason)
    return document


def sent_on_paper(session: Session, caller: Caller, case_id: UUID, document_id: UUID) -> Document:
    """Record that a document was sent on paper. Raises NotFound, Conflict."""
    case, document = _in_force(session, caller, "send-document", case_id, document_id)
    if document.paper_sent_at is not None:
        raise Conflict("It is recorded already that this document was sent on paper")
    document.paper_sent_at, document.paper_sent_by = documents.now(), caller.name
    publish(session, DocumentSentOnPaper(**documents.about(session, case, document), sent_at=document.paper_sent_at))
    return document


def _in_force(
    session: Session, caller: Caller, action: str, case_id: UUID, document_id: UUID, *, or_waiting: bool = False
) -> tuple[Case, Document]:
    case = acting(session, caller, case_id, action)
    document = documents.shown(session, case, document_id, lock=True)
    if document.state == "waiting" and not or_waiting:
        raise Conflict("This document is being made; try again in a moment")
    if document.ended_at is not None:
        raise Conflict("This document is not in force any more")
    return case, document


def _end(session: Session, caller: Caller, case: Case, document: Document, reason: str) -> None:
    document.ended_at, document.end_reason = documents.now(), reason.strip()
    document.ended_by, document.ended_by_name = caller.account_id, caller.name
    session.add(document)
    if document.version == 0:  # nobody was told of it yet
        return
    told = documents.about(session, case, document)
    publish(
        session,
        DocumentEnded(**told, ended_at=document.ended_at, reason=document.end_reason, replaced_by=document.replaced_by),
    )


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Invalid("Some entries need mending", errors=errors)
