"""Documents that were issued."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Sequence, Uuid, false, func, text
from sqlmodel import Field

from services.review.models.base import ReviewRecord
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON, SealedText

# What numbered documents before the procedures did; what an older version of the desk still asks for.
DOCUMENTS = Sequence("document_number_seq", metadata=ReviewRecord.metadata)
LETTER = "letter"
State = Literal["waiting", "in-force", "replaced", "revoked"]


class Document(ReviewRecord, table=True):
    """A document that was issued: what it says, the bytes it is, how it was verified, fetched, replaced or revoked."""

    __tablename__ = "document"
    __table_args__ = (
        Index(None, "procedure_id", "number", unique=True),
        Index("document_code_key", "code", unique=True),
        # what is still to be made, and what nobody has fetched
        Index("document_waiting_idx", "next_attempt_at", postgresql_where=text("made_at is null")),
        Index(
            "document_unfetched_idx",
            "made_at",
            postgresql_where=text("fetched_at is null and ended_at is null and paper_due_at is null"),
        ),
        Index(
            "document_paper_idx",
            "paper_due_at",
            postgresql_where=text("paper_due_at is not null and paper_sent_at is null"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("review.case.id", ondelete="CASCADE"), nullable=False, index=True))
    procedure_id: str = Field(default="", sa_column_kwargs={"server_default": ""})
    number: str
    title: str
    text: str = Field(sa_type=SealedText("review.document.text"))
    issued_at: datetime = timestamp()
    issued_by: UUID
    issued_by_name: str
    template: str = Field(default=LETTER, sa_column_kwargs={"server_default": LETTER})
    data: dict[str, Any] | None = Field(
        default=None, sa_type=SealedJSON("review.document.data"), description="all that the template was given"
    )
    code: str | None = Field(default=None, description="of the public page that verifies it")
    version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "1"}, description="events told of it")
    # the making
    attempts: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    next_attempt_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    failure: str = Field(default="", sa_column_kwargs={"server_default": ""})
    made_at: datetime | None = timestamp(default=None)
    key: str | None = Field(default=None, description="where the bytes lie in the storage")
    size: int | None = Field(default=None, sa_type=BigInteger)
    sha256: str | None = Field(default=None, index=True, description="of the bytes that were issued, in hexadecimal")
    # the fetching
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = Field(default=None, sa_type=SealedText("review.document.fetched_by"))
    reminded_at: datetime | None = timestamp(default=None)
    paper_due_at: datetime | None = timestamp(default=None)
    by_post: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the applicant does not want it electronically: it goes by post, fetched or not",
    )
    paper_sent_at: datetime | None = timestamp(default=None)
    paper_sent_by: str | None = None
    # the end: who, when, why
    replaces: UUID | None = None
    replaced_by: UUID | None = None
    ended_at: datetime | None = timestamp(default=None)
    ended_by: UUID | None = None
    ended_by_name: str | None = None
    end_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})

    @property
    def state(self) -> State:
        """Where it is in its life."""
        if self.ended_at is not None:
            return "replaced" if self.replaced_by else "revoked"
        return "waiting" if self.made_at is None and self.fetched_at is None else "in-force"


class DocumentSerial(ReviewRecord, table=True):
    """The last serial number of a procedure's documents in a fiscal year."""

    __tablename__ = "document_serial"

    procedure_id: str = Field(primary_key=True)
    fiscal_year: int = Field(primary_key=True, sa_type=BigInteger)
    last: int = Field(sa_type=BigInteger)
