"""The tables of the desk."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Sequence, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, new_id, timestamp


class ReviewRecord(SQLModel, registry=registry(metadata=metadata("review"))):
    """A table of the schema `review`."""


class Procedure(ReviewRecord, table=True):
    """A published version of a procedure, as the desk heard of it."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_type=JSONB)


class Case(ReviewRecord, table=True):
    """The review of one application: with a group, and an official of it."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("state in ('open', 'correcting', 'decided', 'withdrawn')", name="state"),
        CheckConstraint(
            "(state = 'decided') = (decision is not null and decided_at is not null and decided_by is not null)", name="decided"
        ),
        Index(None, "group", "id"),
        # the load of each official
        Index("case_load_idx", "official_id", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    application_id: UUID = Field(unique=True)
    procedure_id: str
    procedure_version: int
    receipt_number: str
    arrival_number: str
    arrived_at: datetime = timestamp()
    applicant: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Applicant")
    contact: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Contact")
    answers: dict[str, Any] = Field(sa_type=JSONB)
    revision: int = Field(
        default=1,
        sa_column=Column(BigInteger, nullable=False, server_default=text("1")),
        description="which contents `answers` are: 1 as filed, more after corrections",
    )
    duplicates: list[dict[str, Any]] = Field(sa_type=JSONB, default_factory=list, description="shared.events.Duplicate")
    group: str
    official_id: UUID | None = None
    official_name: str = ""
    state: str = "open"
    version: int = Field(default=1, description="counts the moves; the sequence of the events about it")
    opened_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    decision: str | None = None
    reasons: str = ""
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp(default=None)
    withdrawn_at: datetime | None = timestamp(default=None)
    withdrawal_reason: str | None = None


def _of_case(*, primary_key: bool = False) -> Any:
    reference = ForeignKey("review.case.id", ondelete="CASCADE")
    return Field(sa_column=Column(Uuid, reference, primary_key=primary_key, nullable=False))


class Revision(ReviewRecord, table=True):
    """The contents of a case that was corrected, each as it was; never changed again."""

    __tablename__ = "revision"

    case_id: UUID = _of_case(primary_key=True)
    number: int = Field(primary_key=True)
    answers: dict[str, Any] = Field(sa_type=JSONB)
    at: datetime = timestamp()


class Correction(ReviewRecord, table=True):
    """What an official asked the applicant to mend (補正, 行政手続法7条), and whether it came."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("state in ('asked', 'answered', 'expired', 'closed')", name="state"),
        Index("correction_open_idx", "case_id", unique=True, postgresql_where=text("state in ('asked', 'expired')")),
        Index(None, "case_id"),
        Index("correction_due_idx", "due_on", postgresql_where=text("state = 'asked'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = _of_case()
    items: list[dict[str, Any]] = Field(sa_type=JSONB, description="shared.events.CorrectionItem")
    note: str = ""
    asked_at: datetime = timestamp()
    asked_by: UUID
    asked_by_name: str
    due_on: date = Field(description="the last day, in Japan's time")
    state: str = "asked"
    reminded_at: datetime | None = timestamp(default=None)
    answered_at: datetime | None = timestamp(default=None)
    revision: int | None = Field(default=None, description="the contents that the applicant sent in")
    late: bool = Field(
        default=False,
        sa_column=Column(Boolean, nullable=False, server_default=text("false")),
        description="the case was decided before what was sent in was heard of",
    )


class Pause(ReviewRecord, table=True):
    """A time in which the clock of the standard period does not run, because the applicant mends (docs/adr/0012)."""

    __tablename__ = "pause"
    __table_args__ = (Index("pause_running_idx", "case_id", unique=True, postgresql_where=text("ended_at is null")),)

    case_id: UUID = _of_case(primary_key=True)
    began_at: datetime = timestamp(primary_key=True)
    ended_at: datetime | None = timestamp(default=None)


class Message(ReviewRecord, table=True):
    """What applicant and office wrote to each other about a case. Its id is the same on both sides."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "case_id", "at"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID = _of_case()
    from_office: bool
    author: str
    text: str
    at: datetime = timestamp()
    read_at: datetime | None = timestamp(default=None)


# The numbers of documents. Gaps are no harm: a number says when and which, not how many.
DOCUMENTS = Sequence("document_number_seq", metadata=ReviewRecord.metadata)


class Document(ReviewRecord, table=True):
    """A document that was issued with a decision, and when the applicant fetched it first."""

    __tablename__ = "document"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("review.case.id", ondelete="CASCADE"), nullable=False, index=True))
    number: str = Field(unique=True)
    title: str
    text: str
    issued_at: datetime = timestamp()
    issued_by: UUID
    issued_by_name: str
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = None
    sha256: str | None = Field(default=None, description="of the bytes that were fetched, in hexadecimal")
