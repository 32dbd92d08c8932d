"""Documents over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.review.audit.audit import note_list, note_view
from services.review.cases import cases
from services.review.cases.moves import acting
from services.review.documents import documents, ending, unfetched
from services.review.documents.documents import TEXT_LIMIT, TITLE_LIMIT, Paper, Written
from services.review.documents.papers import Ruling, listed
from services.review.documents.typesetting import Unset, set_pdf
from services.review.models import Case, Document
from services.review.models.document import State
from services.review.procedures import version
from shared.few import Few
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, NotFound, Unavailable
from shared.storage import StorageError
from shared.web.callers import Reviewer, Transaction
from shared.web.downloads import download
from shared.web.problems import described

router = APIRouter(tags=["documents"])
CASE = "/v1/cases/{case_id}/documents"
PDF: dict[int | str, dict[str, Any]] = {
    200: {"description": "the document", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
_TEXT = r"^[^\x00]*$"  # PostgreSQL keeps no null character
# One is set at a time.
_WAITING = Few(4)


class DocumentOut(BaseModel):
    """A document that was issued: its state, its bytes, and when the applicant fetched it first."""

    id: UUID
    number: str
    title: str
    state: State
    issued_at: datetime
    issued_by_name: str
    made_at: datetime | None = Field(description="from when it could be fetched; empty while it is being made")
    failure: str = Field(description="why it could not be made yet; it is tried again")
    code: str | None = Field(description="with which everybody can verify it, at /verify")
    sha256: str | None = Field(description="of the bytes that were issued, in hexadecimal")
    fetched_at: datetime | None
    fetched_by: str | None
    reminded_at: datetime | None
    paper_due_at: datetime | None = Field(description="since when it is to be sent on paper: nobody fetched it, or `by_post`")
    by_post: bool = Field(description="the applicant does not want it electronically")
    paper_sent_at: datetime | None
    paper_sent_by: str | None
    replaces: UUID | None
    replaced_by: UUID | None
    ended_at: datetime | None
    ended_by_name: str | None
    end_reason: str = Field(description="why it was replaced or revoked")


class ToSendOut(DocumentOut):
    """A document that is to be sent on paper."""

    case_id: UUID
    arrival_number: str
    applicant: str


class LetterIn(BaseModel):
    """A letter."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=TITLE_LIMIT, pattern=r"^[^\x00\n]*$")
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=_TEXT)


class PreviewIn(BaseModel):
    """What would be decided, or a letter as it would go out."""

    model_config = ConfigDict(extra="forbid")

    decision: str = Field(default="", max_length=50)
    reasons: str = Field(default="", max_length=10_000, pattern=_TEXT)
    amount: int | None = Field(default=None, ge=0, le=10**15, description="in yen")
    conditions: list[Annotated[str, Field(max_length=2000, pattern=_TEXT)]] = Field(default_factory=list, max_length=30)
    criteria: list[str] = Field(default_factory=list, max_length=50, description="keys of the criteria that it cites")
    text: str = Field(default="", max_length=TEXT_LIMIT, pattern=_TEXT, description="the official's remarks")
    document: LetterIn | None = None


class ReissueIn(BaseModel):
    """Why a document is issued once more, and what the official says in it where that changes."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=ending.REASON_LIMIT, pattern=_TEXT)
    text: str | None = Field(default=None, max_length=TEXT_LIMIT, pattern=_TEXT)


class RevocationIn(BaseModel):
    """Why a document is revoked; the applicant reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=ending.REASON_LIMIT, pattern=_TEXT)


@router.get("/v1/documents", response_model=list[ToSendOut], responses=described(401, 403, 422))
def list_to_send(
    session: Transaction, caller: Reviewer, paper: Literal["due"] = "due", limit: Annotated[int, Query(ge=1, le=200)] = 100
) -> Any:
    """The documents of your groups that nobody fetched in time and that were not sent on paper yet, oldest first."""
    assert paper  # noqa: S101 - the one filter there is, said by its caller
    found = unfetched.to_send(session, caller, limit)
    note_list(session, caller, "documents.to-send", [case.id for _, case in found])
    return [
        {**_out(one), "case_id": case.id, "arrival_number": case.arrival_number, "applicant": case.applicant["name"]}
        for one, case in found
    ]


@router.get(CASE, response_model=list[DocumentOut], responses=described(401, 403, 404, 422))
def list_documents(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The documents that were issued in one case of your groups."""
    return [_out(one) for one in documents.of_case(session, cases.shown(session, caller, case_id))]


@router.post(f"{CASE}/preview", response_class=Response, responses=PDF | described(400, 401, 403, 404, 413, 422))
def preview(case_id: UUID, wanted: PreviewIn, session: Transaction, caller: Reviewer) -> Response:
    """The document that a decision would make, or a letter, as a specimen (見本); nothing is kept."""
    case = acting(session, caller, case_id, "preview-document")
    letter = Written(wanted.document.title, wanted.document.text) if wanted.document else None
    ruling = Ruling(wanted.decision, wanted.reasons, wanted.amount, listed(wanted.conditions), wanted.criteria)
    return specimen(session, case, paper_of(session, case, ruling, letter, wanted.text))


@router.get(f"{CASE}/{{document_id}}/content", response_class=Response, responses=PDF | described(401, 403, 404, 409, 422, 503))
def fetch_document(case_id: UUID, document_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Response:
    """A document: the bytes that were issued."""
    return content(request, session, caller, case_id, document_id)


@router.post(
    f"{CASE}/{{document_id}}/reissue", response_model=DocumentOut, responses=described(400, 401, 403, 404, 409, 413, 422)
)
def reissue(case_id: UUID, document_id: UUID, wanted: ReissueIn, session: Transaction, caller: Reviewer) -> Any:
    """Issue a document once more (再交付), with a new number; the one before is replaced. The applicant is told."""
    return _out(ending.reissue(session, caller, case_id, document_id, wanted.reason, text=wanted.text))


@router.post(
    f"{CASE}/{{document_id}}/revocation", response_model=DocumentOut, responses=described(400, 401, 403, 404, 409, 413, 422)
)
def revoke(case_id: UUID, document_id: UUID, wanted: RevocationIn, session: Transaction, caller: Reviewer) -> Any:
    """Revoke a document (取消). The applicant is told why."""
    return _out(ending.revoke(session, caller, case_id, document_id, wanted.reason))


@router.post(f"{CASE}/{{document_id}}/paper", response_model=DocumentOut, responses=described(401, 403, 404, 409, 422))
def sent_on_paper(case_id: UUID, document_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Record that a document was sent on paper."""
    return _out(ending.sent_on_paper(session, caller, case_id, document_id))


def paper_of(session: Session, case: Case, ruling: Ruling, letter: Written | None, text: str = "") -> Paper:
    """The letter, or else what the decision makes. Raises Invalid, NotFound."""
    if letter is not None:
        if errors := letter.errors():
            raise Invalid("The document cannot be issued like this", errors=errors)
        return documents.written(session, case, letter)
    paper = documents.decided(session, case, ruling, text)
    if paper is None:
        raise NotFound("This decision makes no document")
    return paper


def specimen(session: Session, case: Case, paper: Paper) -> Response:
    """A paper as it would be issued; the session's transaction ends before it is set.

    Raises Conflict for a template that cannot be set, Unavailable while many are asked for.
    """
    doc, images = documents.specimen(paper, now := datetime.now(UTC))
    templates = version(session, cases.ref_of(case)).review.templates
    session.commit()  # nobody waits for the case, or for our connection, meanwhile
    try:
        with _WAITING.place():
            pdf = set_pdf(paper.template, templates, doc, images, now)
    except Unset as error:
        raise Conflict("The template of this document has a mistake: {cause}", cause=str(error)) from None
    headers = {"content-disposition": 'attachment; filename="preview.pdf"', "cache-control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def content(request: Request, session: Session, caller: Caller, case_id: UUID, document_id: UUID) -> Response:
    """A document as a download. Raises NotFound, Conflict while it is not made, Unavailable."""
    document = documents.shown(session, cases.shown(session, caller, case_id), document_id)
    note_view(session, caller, "document.shown", case_id, document=document_id)
    if document.key is None or document.size is None:
        if document.state == "waiting":
            raise Conflict("This document is being made; try again in a moment")
        raise NotFound("Only the applicant has the bytes of this document")
    try:
        file = request.app.state.storage.open(document.key)
    except StorageError:
        raise Unavailable("The files cannot be read at the moment", retry_after=30) from None
    return download(file, name=f"{document.number}.pdf", media_type="application/pdf", size=document.size)


def _out(document: Document) -> dict[str, Any]:
    return document.model_dump(include=set(DocumentOut.model_fields)) | {"state": document.state}
