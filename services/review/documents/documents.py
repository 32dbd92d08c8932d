"""Documents that an office issues with a decision: one for one decision, with one number; a worker makes it (making.py)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.cases.cases import parties_of, ref_of
from services.review.documents import papers
from services.review.documents.papers import NOT_YET, Ruling
from services.review.models import Case, Document
from services.review.models.document import LETTER
from services.review.procedures import version
from shared.bus.publish import ring_after_commit
from shared.events import Contact, DocumentFetched
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.problems import FieldError, NotFound
from shared.procedure.model import Procedure
from shared.procedure.papers import NUMBER, fiscal_year, numbered
from shared.telemetry import current_traceparent
from shared.validation import text_errors

TITLE_LIMIT, TEXT_LIMIT = 200, 20_000  # characters
# The queue of the errand that makes what waits (making.py).
MAKING = "review-documents"
# 16 signs of Crockford's base 32, which has no letters that look like digits: 80 bits, so that nobody guesses one.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_SERIAL = text("""
insert into review.document_serial as s (procedure_id, fiscal_year, last) values (:procedure, :year, 1)
on conflict (procedure_id, fiscal_year) do update set last = s.last + 1 returning last
""")


@dataclass(frozen=True)
class Written:
    """A document as the official wrote it: a letter."""

    title: str
    text: str

    def errors(self) -> list[FieldError]:
        """What is wrong with it."""
        title = text_errors("/document/title", self.title, TITLE_LIMIT, needed=True)
        one_line = [FieldError("/document/title", "Write one line")] if "\n" in self.title.strip() else []
        return title + one_line + text_errors("/document/text", self.text, TEXT_LIMIT, needed=True)


@dataclass(frozen=True)
class Paper:
    """A document to be, before it has a number."""

    template: str
    title: str
    text: str
    data: dict[str, Any]
    pattern: str = NUMBER


def decided(session: Session, case: Case, ruling: Ruling, text: str = "") -> Paper | None:
    """The document that a decision makes by the procedure, with the official's remarks; None where it makes none."""
    procedure = version(session, ref_of(case))
    rule = procedure.review.document_on(ruling.decision)
    if rule is None:
        return None
    return Paper(rule.template, rule.title.ja, text, papers.said(case, procedure, rule, ruling, text), rule.number)


def written(session: Session, case: Case, by_hand: Written) -> Paper:
    """The letter that an official wrote."""
    title, says = by_hand.title.strip(), by_hand.text.strip()
    return Paper(LETTER, title, says, papers.letter(case, version(session, ref_of(case)), title, says))


def issue_decided(
    session: Session, caller: Caller, case: Case, ruling: Ruling, at: datetime, *, by_hand: Written | None = None, text: str = ""
) -> list[Document]:
    """Issue, for a locked case, what its decision makes and what the official wrote beside."""
    wanted = [decided(session, case, ruling, text), written(session, case, by_hand) if by_hand else None]
    return [issue(session, caller, case, paper, at) for paper in wanted if paper]


def issue(
    session: Session, caller: Caller, case: Case, paper: Paper, at: datetime, *, replaces: Document | None = None
) -> Document:
    """Give a document of a locked case its number, without gaps, and have it made; then the applicant is told."""
    day = at.astimezone(JST).date()
    serial = session.execute(_SERIAL, {"procedure": case.procedure_id, "year": fiscal_year(day)}).scalar_one()
    document = Document(
        case_id=case.id,
        procedure_id=case.procedure_id,
        number=numbered(paper.pattern, procedure=case.procedure_id, day=day, serial=serial),
        title=paper.title,
        text=paper.text,
        issued_at=at,
        issued_by=caller.account_id,
        issued_by_name=caller.name,
        template=paper.template,
        data={**paper.data, "pattern": paper.pattern},
        code=new_code(),
        replaces=replaces.id if replaces else None,
    )
    session.add(document)
    session.flush()
    ring_after_commit(session, MAKING)
    return document


def new_code() -> str:
    """A code to verify a document by, in groups that people can type."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(16))
    return "-".join(signs[start : start + 4] for start in range(0, 16, 4))


def about(session: Session, case: Case, document: Document) -> dict[str, Any]:
    """The envelope and common parts of the next event about a document."""
    document.version += 1
    session.add(document)
    return {
        "subject": str(document.id),
        "sequence": document.version,
        "traceparent": current_traceparent(),
        "application_id": case.application_id,
        "arrival_number": case.arrival_number,
        "procedure": ref_of(case),
        "group": case.group,
        "parties": parties_of(case),
        "contact": Contact(**case.contact),
        "number": document.number,
        "title": document.title,
    }


def of_case(session: Session, case: Case) -> Sequence[Document]:
    """The documents of a case, in their order."""
    return session.exec(select(Document).where(Document.case_id == case.id).order_by(col(Document.id))).all()


def shown(session: Session, case: Case, document_id: UUID, *, lock: bool = False) -> Document:
    """One document of a case. Raises NotFound."""
    query = select(Document).where(Document.id == document_id, Document.case_id == case.id)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("No document has the id {id}", id=document_id)
    return found


def note_fetched(session: Session, events: Sequence[DocumentFetched]) -> None:
    """Note when applicants fetched documents for the first time."""
    for event in events:
        first = update(Document).where(col(Document.id) == UUID(event.subject), col(Document.fetched_at).is_(None))
        fetched = first.values(fetched_at=event.fetched_at, fetched_by=event.fetched_by)
        values = fetched.values(sha256=text("coalesce(sha256, :sha256)").bindparams(sha256=event.sha256))
        case_id = session.execute(values.returning(col(Document.case_id))).scalar()
        if case_id is not None:
            note(session, None, "document.fetched", case_id, heard=event.type, document=event.subject)


def specimen(paper: Paper, at: datetime) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A document as it would be issued, marked 見本, without number and code."""
    return papers.complete(paper.data, number=NOT_YET, at=at)


def said_of(document: Document, case: Case, procedure: Procedure) -> dict[str, Any]:
    """What a document says; one of an older desk has its text alone."""
    return document.data or papers.letter(case, procedure, document.title, document.text)


def again(document: Document, said: dict[str, Any], text: str | None) -> Paper:
    """The paper of a document once more, with other remarks where there are any."""
    words = document.text if text is None else text
    return Paper(document.template, document.title, words, {**said, "text": words}, said.get("pattern", NUMBER))


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)
