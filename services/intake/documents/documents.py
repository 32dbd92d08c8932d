"""Documents that the office issued: the applicant fetches them, and the first time is recorded once (到達)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from services.intake.models import Application, Document
from services.intake.notices import notices
from shared.bus.publish import publish
from shared.events import DocumentEnded, DocumentFetched, DocumentIssued, DocumentReminded, DocumentSentOnPaper
from shared.identity.callers import Caller
from shared.problems import NotFound, Unavailable
from shared.storage import CHUNK, Storage, StorageError
from shared.telemetry import current_traceparent

Heard = DocumentIssued | DocumentEnded | DocumentReminded | DocumentSentOnPaper
_TOLD = {"document.ended.v1": "document-ended", "document.reminded.v1": "document-reminder"}


def hear(session: Session, events: Sequence[Heard]) -> None:
    """Take what the office issued and tell what became of it; from its bytes on it can be fetched (デジタル手続法7条3項)."""
    for event in events:
        if isinstance(event, DocumentIssued):
            _take(session, event)
        elif isinstance(event, DocumentEnded):
            ended = {"ended_at": event.ended_at, "end_reason": event.reason, "replaced_by": event.replaced_by}
            _change(session, event.subject, **ended)
        elif isinstance(event, DocumentSentOnPaper):
            _change(session, event.subject, paper_sent_at=event.sent_at)
    fresh = ((event, event.application_id) for event in events if isinstance(event, DocumentIssued) and event.key)
    notices.tell(session, "document", fresh)
    for kind, notice in _TOLD.items():
        notices.tell(
            session, notice, ((event, event.application_id) for event in events if event.type == kind and _is_news(event))
        )


def _is_news(event: Heard) -> bool:
    """That one document replaced another, the one that replaces it tells."""
    return not (isinstance(event, DocumentEnded) and event.replaced_by)


def _take(session: Session, event: DocumentIssued) -> None:
    """Take a document. Of an older desk came its text first, and its bytes with a second event."""
    row = {
        "id": UUID(event.subject),
        "application_id": event.application_id,
        "number": event.number,
        "title": event.title,
        "text": event.text,
        "addressee": event.addressee,
        "office": event.office,
        "issued_at": event.issued_at,
        "key": event.key,
        "sha256": event.sha256,
        "size": event.size,
        "replaces": event.replaces,
    }
    new = insert(Document).values(**row)
    bytes_ = {name: getattr(new.excluded, name) for name in ("key", "sha256", "size", "replaces")}
    session.execute(
        new.on_conflict_do_update(
            index_elements=["id"],
            set_={**bytes_, "available_at": func.now()},
            where=(col(Document.key) == "") & (new.excluded.key != "") & col(Document.content).is_(None),
        )
    )


def _change(session: Session, document_id: str, **values: Any) -> None:
    session.execute(update(Document).where(col(Document.id) == UUID(document_id)).values(**values))


def of_application(session: Session, application: Application) -> Sequence[Document]:
    """The documents of an application that can be fetched, in their order."""
    query = select(Document).options(defer(Document.content)).where(Document.application_id == application.id)  # type: ignore[arg-type] # SQLModel types columns as their values
    there = query.where(or_(col(Document.key) != "", col(Document.content).is_not(None)))
    return session.exec(there.order_by(col(Document.issued_at), col(Document.id))).all()


def fetch(
    session: Session, storage: Storage, caller: Caller, application: Application, document_id: UUID
) -> tuple[Document, bytes]:
    """A document and its bytes. The first time is recorded with who it was, and the office is told; later ones change nothing.

    `application` is one that the caller reaches. Raises NotFound; Unavailable when the bytes cannot be read:
    then nobody has fetched it.
    """
    query = select(Document).where(Document.id == document_id, Document.application_id == application.id)
    document = session.exec(query.with_for_update()).first()
    if document is None or (not document.key and document.content is None):
        raise NotFound("No document has the id {id}", id=document_id)
    content = document.content if document.content is not None else _read(storage, document)
    if document.fetched_at is None:
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
                sha256=hashlib.sha256(content).hexdigest(),
            ),
        )
    return document, content


def _read(storage: Storage, document: Document) -> bytes:
    """The very bytes that were issued. Raises Unavailable."""
    try:
        with closing(storage.open(document.key)) as file:
            content = b"".join(iter(lambda: file.read(CHUNK), b""))
    except StorageError:
        content = b""
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise Unavailable("The files cannot be read at the moment", retry_after=30)
    return content
