"""Making what was issued: set, signed, put away, told of. Killed at any moment, it is done once more, and told of once.

A document is locked while it is made; its number and everything it says were given with the decision. What is put away lies at a
key that has its hash, so that a second try never changes the bytes of the first.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from services.review.cases.cases import ref_of
from services.review.documents import documents, papers, seals
from services.review.documents.signing import Signing, Unsigned, signed
from services.review.documents.typesetting import Unset, set_pdf
from services.review.models import Case, Document
from services.review.procedures import version
from services.review.settings import Settings
from shared.bus.publish import publish
from shared.events import DocumentIssued, NoticeWish
from shared.storage import Storage, StorageError

log = logging.getLogger(__name__)

AT_ONCE = 20
LONGEST_WAIT = timedelta(hours=1)


def make_some(engine: Engine, storage: Storage, settings: Settings, signing: Signing | None) -> int:
    """Make a batch of documents, each in its own transaction. Returns how many were looked at."""
    for looked_at in range(AT_ONCE):
        with Session(engine) as session:
            document = _next(session)
            if document is None:
                return looked_at
            _make(session, document, storage, settings, signing)
            session.commit()
    return AT_ONCE


def _next(session: Session) -> Document | None:
    """One that waits, locked. What an older desk issued and the counter handed out already is not made again."""
    query = select(Document).where(
        col(Document.made_at).is_(None),
        col(Document.fetched_at).is_(None),
        col(Document.ended_at).is_(None),
        Document.next_attempt_at <= documents.now(),
    )
    return session.exec(query.order_by(col(Document.next_attempt_at)).limit(1).with_for_update(skip_locked=True)).first()


def _make(session: Session, document: Document, storage: Storage, settings: Settings, signing: Signing | None) -> None:
    case = session.exec(select(Case).where(Case.id == document.case_id)).one()
    try:
        content = _bytes(session, case, document, settings, signing)
        key, sha256 = put_away(storage, document.id, content)
    except (Unset, Unsigned, StorageError, seals.BadSeal, OSError) as error:
        document.attempts += 1
        document.failure = f"{type(error).__name__}: {error}"[:500]
        document.next_attempt_at = documents.now() + min(timedelta(seconds=5 * 2 ** min(document.attempts, 12)), LONGEST_WAIT)
        session.add(document)
        log.error(  # noqa: TRY400 - a traceback could quote the document
            "a document could not be made", extra={"context": {"document": str(document.id), "cause": document.failure}}
        )
        return
    document.key, document.sha256, document.size = key, sha256, len(content)
    document.made_at, document.failure = documents.now(), ""
    if (wish := NoticeWish.of(case.contact)) and not wish.electronic:
        document.by_post, document.paper_due_at = True, document.made_at
    said = documents.said_of(document, case, version(session, ref_of(case)))
    publish(
        session,
        DocumentIssued(
            **documents.about(session, case, document),
            text=document.text,
            addressee=said["addressee"],
            office=said["issuer"],
            issued_at=document.issued_at,
            key=key,
            sha256=sha256,
            size=len(content),
            replaces=document.replaces,
        ),
    )


def _bytes(session: Session, case: Case, document: Document, settings: Settings, signing: Signing | None) -> bytes:
    procedure = version(session, ref_of(case))
    if document.code is None:  # an older desk issued it
        document.code = documents.new_code()
    before = session.get(Document, document.replaces) if document.replaces else None
    doc, images = papers.complete(
        documents.said_of(document, case, procedure),
        number=document.number,
        at=document.issued_at,
        seal=seals.seal_of(settings.seals, case.group),
        replaces=(before.number, before.issued_at) if before else None,
        code=document.code,
        base_url=settings.base_url,
    )
    content = set_pdf(document.template, procedure.review.templates, doc, images, document.issued_at)
    return signed(content, signing, reason=f"{document.title} {document.number}") if signing else content


def put_away(storage: Storage, document_id: UUID, content: bytes) -> tuple[str, str]:
    """Put the bytes of a document away. Returns their key and their SHA-256. Raises StorageError."""
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"documents/{document_id.hex[-2:]}/{document_id}/{sha256}"
    with storage.scratch() as file:
        file.write(content)
        storage.put(key, file)
    return key, sha256
