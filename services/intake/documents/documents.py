"""Documents that the office issued: the applicant fetches them, and the first time is recorded once (到達)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from services.intake.catalogue.procedures import Published
from services.intake.models import Application, Document
from services.intake.notices import notices
from shared.bus.publish import publish
from shared.database import insert_many
from shared.events import DocumentFetched, DocumentIssued
from shared.identity.callers import Caller
from shared.letters import Letter, letter_pdf
from shared.problems import NotFound
from shared.telemetry import current_traceparent


def take(session: Session, events: Sequence[DocumentIssued]) -> None:
    """Take documents that were issued; from now on the applicant can fetch them (デジタル手続法7条3項)."""
    rows = [
        {
            "id": event.subject,
            "application_id": event.application_id,
            "number": event.number,
            "title": event.title,
            "text": event.text,
            "addressee": event.addressee,
            "office": event.office,
            "issued_at": event.issued_at,
        }
        for event in events
    ]
    insert_many(session, Document, rows)
    notices.tell(session, "document", ((event, event.application_id) for event in events))


def of_application(session: Session, application: Application) -> Sequence[Document]:
    """The documents of an application, in their order."""
    query = select(Document).options(defer(Document.content)).where(Document.application_id == application.id)  # type: ignore[arg-type] # SQLModel types columns as their values
    return session.exec(query.order_by(col(Document.issued_at), col(Document.id))).all()


def fetch(
    session: Session, caller: Caller, application: Application, document_id: UUID, published: Published
) -> tuple[Document, bytes]:
    """A document and its bytes. The first time is recorded with who it was, and the office is told; later ones change nothing.

    `application` is one that the caller reaches. Raises NotFound.
    """
    query = select(Document).where(Document.id == document_id, Document.application_id == application.id)
    document = session.exec(query.with_for_update()).first()
    if document is None:
        raise NotFound("No document has the id {id}", id=document_id)
    if document.content is None or document.fetched_at is None:
        document.content = letter_pdf(_letter(document, application, published))
        document.fetched_at, document.fetched_by = datetime.now(UTC), caller.name
        session.add(document)
        publish(
            session,
            DocumentFetched(
                subject=str(document.id),
                sequence=1,
                traceparent=current_traceparent(),
                application_id=application.id,
                fetched_at=document.fetched_at,
                fetched_by=caller.name,
                sha256=hashlib.sha256(document.content).hexdigest(),
            ),
        )
    return document, document.content


def _letter(document: Document, application: Application, published: Published) -> Letter:
    return Letter(
        number=document.number,
        title=document.title,
        text=document.text,
        addressee=document.addressee,
        office=document.office,
        procedure=published.procedure.title.ja,
        arrival_number=application.arrival_number or "",
        issued_at=document.issued_at,
    )
