"""Documents: issued, fetched, ended."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event
from shared.events.parts import Contact, Official, Parties, ProcedureRef


class DocumentEvent(Event):
    """About a document (`subject` is its id) of the application `application_id`."""

    source: ClassVar[str] = "review"

    application_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    number: str
    title: str
    parties: Parties | None = None
    group: str = Field(default="", description="the office that has the case")


class DocumentIssued(DocumentEvent):
    """The office issued a document with its decision, and it can be fetched: the bytes at `key` of the storage, no others.

    An older desk left `key` empty: it sent the text, and the bytes come with a second event. `replaces` is the document that this
    one was issued for again (再交付).
    """

    type: ClassVar[str] = "document.issued.v1"

    text: str
    addressee: str
    office: str
    issued_at: datetime
    key: str = ""
    sha256: str = ""
    size: int = 0
    replaces: UUID | None = None


class DocumentEnded(DocumentEvent):
    """A document is not in force any more: revoked (取消), or replaced by another one."""

    type: ClassVar[str] = "document.ended.v1"

    ended_at: datetime
    reason: str
    replaced_by: UUID | None = None


class DocumentReminded(DocumentEvent):
    """Nobody has fetched the document yet."""

    type: ClassVar[str] = "document.reminded.v1"


class DocumentUnfetched(DocumentEvent):
    """Nobody fetched the document in time: the office sends it on paper. `official` has the case, if anybody does."""

    type: ClassVar[str] = "document.unfetched.v1"

    case_id: UUID
    official: Official | None


class DocumentSentOnPaper(DocumentEvent):
    """The office sent the document on paper."""

    type: ClassVar[str] = "document.sent-on-paper.v1"

    sent_at: datetime


class DocumentFetched(Event):
    """The applicant fetched a document (`subject`) for the first time: these very bytes."""

    type: ClassVar[str] = "document.fetched.v1"
    source: ClassVar[str] = "intake"

    application_id: UUID
    fetched_at: datetime
    fetched_by: str
    sha256: str
