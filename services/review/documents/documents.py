"""Documents that an office issues with a decision, and when the applicant fetched them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.cases.cases import ref_of
from services.review.models import Case, Document
from services.review.procedures import version
from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, DocumentFetched, DocumentIssued
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.letters import TEXT_LIMIT, TITLE_LIMIT, Letter
from shared.problems import FieldError, NotFound
from shared.telemetry import current_traceparent
from shared.validation import text_errors

_NUMBER = text("select nextval('review.document_number_seq')")
NOT_YET = "—"  # the number of a document that is not issued


@dataclass(frozen=True)
class Written:
    """A document as the official wrote it."""

    title: str
    text: str

    def errors(self) -> list[FieldError]:
        """What is wrong with it."""
        title = text_errors("/document/title", self.title, TITLE_LIMIT, needed=True)
        one_line = [FieldError("/document/title", "Write one line")] if "\n" in self.title.strip() else []
        return title + one_line + text_errors("/document/text", self.text, TEXT_LIMIT, needed=True)


def issue(session: Session, caller: Caller, case: Case, written: Written, at: datetime) -> Document:
    """Issue a document for a locked case; the applicant finds it beside the decision."""
    document = Document(
        id=new_id(),
        case_id=case.id,
        number=f"D{at.astimezone(JST):%Y%m%d}-{session.execute(_NUMBER).scalar_one():07}",
        title=written.title.strip(),
        text=written.text.strip(),
        issued_at=at,
        issued_by=caller.account_id,
        issued_by_name=caller.name,
    )
    session.add(document)
    made = letter(session, case, document)
    publish(
        session,
        DocumentIssued(
            subject=str(document.id),
            sequence=1,
            traceparent=current_traceparent(),
            application_id=case.application_id,
            arrival_number=case.arrival_number,
            procedure=ref_of(case),
            contact=Contact(**case.contact),
            number=document.number,
            title=document.title,
            text=document.text,
            addressee=made.addressee,
            office=made.office,
            issued_at=at,
        ),
    )
    return document


def letter(session: Session, case: Case, document: Document) -> Letter:
    """A document as it goes out, or would."""
    procedure = version(session, ref_of(case))
    return Letter(
        number=document.number,
        title=document.title,
        text=document.text,
        addressee=case.applicant["name"],
        office=procedure.office(case.group).title.ja,
        procedure=procedure.title.ja,
        arrival_number=case.arrival_number,
        issued_at=document.issued_at,
    )


def of_case(session: Session, case: Case) -> Sequence[Document]:
    """The documents of a case, in their order."""
    return session.exec(select(Document).where(Document.case_id == case.id).order_by(col(Document.id))).all()


def shown(session: Session, case: Case, document_id: UUID) -> Document:
    """One document of a case. Raises NotFound."""
    found = session.exec(select(Document).where(Document.id == document_id, Document.case_id == case.id)).first()
    if found is None:
        raise NotFound("No document has the id {id}", id=document_id)
    return found


def note_fetched(session: Session, events: Sequence[DocumentFetched]) -> None:
    """Note when applicants fetched documents for the first time."""
    for event in events:
        first = update(Document).where(col(Document.id) == UUID(event.subject), col(Document.fetched_at).is_(None))
        values = first.values(fetched_at=event.fetched_at, fetched_by=event.fetched_by, sha256=event.sha256)
        case_id = session.execute(values.returning(col(Document.case_id))).scalar()
        if case_id is not None:
            note(session, None, "document.fetched", case_id, heard=event.type, document=event.subject)
