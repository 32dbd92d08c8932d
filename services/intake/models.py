"""The tables of the counter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Sequence,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, timestamp


class IntakeRecord(SQLModel, registry=registry(metadata=metadata("intake"))):
    """A table of the schema `intake`."""


# Numbers that people read. Gaps are no harm: a number says when and which, not how many.
RECEIPTS = Sequence("receipt_number_seq", metadata=IntakeRecord.metadata)
ARRIVALS = Sequence("arrival_number_seq", metadata=IntakeRecord.metadata)
# The versions of trials, below zero; none is used again, since processes remember versions.
TRIAL_VERSIONS = Sequence("trial_version_seq", metadata=IntakeRecord.metadata)


class Procedure(IntakeRecord, table=True):
    """A published version of a procedure; never changed again. Those of a trial are below zero."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_type=JSONB)
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    published_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Trial(IntakeRecord, table=True):
    """A procedure on trial: its newest version that is not in force. Who has `id` may try it."""

    __tablename__ = "trial"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "version"], ["intake.procedure.id", "intake.procedure.version"]),
        CheckConstraint("version < 0", name="version"),
    )

    procedure_id: str = Field(primary_key=True)
    id: UUID = Field(unique=True)
    version: int = Field(description="counts down from -1")
    ends_at: datetime = timestamp()


class TrialFiling(IntakeRecord, table=True):
    """A test filing: what a draft of a trial became. It reaches nobody."""

    __tablename__ = "trial_filing"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "procedure_version"], ["intake.procedure.id", "intake.procedure.version"]),
        CheckConstraint("procedure_version < 0", name="procedure_version"),
        Index(None, "organisation_id", "id"),
        Index(None, "procedure_id", "procedure_version"),
    )

    id: UUID = Field(primary_key=True, description="its draft's")
    organisation_id: UUID
    account_id: UUID
    procedure_id: str
    procedure_version: int
    number: str
    answers: dict[str, Any] = Field(sa_type=JSONB)
    warnings: list[dict[str, Any]] = Field(sa_type=JSONB, description="shared.events.Mend")
    office: str = Field(description="where a real one would go; empty when the rules do not say")
    filed_at: datetime = timestamp()


class Application(IntakeRecord, table=True):
    """What an organisation filed. Receipt number and time of filing are set at commit and never change."""

    __tablename__ = "application"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "procedure_version"], ["intake.procedure.id", "intake.procedure.version"]),
        CheckConstraint("procedure_version > 0", name="procedure_version"),
        UniqueConstraint("organisation_id", "idempotency_key"),
        Index(None, "organisation_id", "id"),
        Index(None, "procedure_id", "procedure_version"),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that filed it under a mandate")
    account_id: UUID
    procedure_id: str
    procedure_version: int
    applicant: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Applicant")
    contact: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Contact")
    answers: dict[str, Any] = Field(sa_type=JSONB)
    state: str
    version: int = Field(description="counts the moves; the sequence of the events about it")
    receipt_number: str = Field(unique=True)
    arrival_number: str | None = Field(default=None, unique=True)
    filed_at: datetime = timestamp()
    idempotency_key: str | None = None
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False), description="SHA-256 of the filing as it was sent")
    revision: int = Field(
        default=1,
        sa_column=Column(BigInteger, nullable=False, server_default=text("1")),
        description="which contents hold: 1 are `answers` as filed, more are in the table `revision`",
    )


class Fingerprint(IntakeRecord, table=True):
    """What duplicates of an application would have in common with it (services.intake.duplicates), as a hash."""

    __tablename__ = "fingerprint"
    __table_args__ = (CheckConstraint("kind in ('exact', 'near')", name="kind"),)

    digest: UUID = Field(primary_key=True)
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    kind: str


class Step(IntakeRecord, table=True):
    """A move of an application after its filing: the timeline that the applicant sees."""

    __tablename__ = "step"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    version: int = Field(primary_key=True)
    state: str
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    detail: dict[str, Any] = Field(sa_type=JSONB, default_factory=dict)


class Municipality(IntakeRecord, table=True):
    """A municipality, as 日本郵便's file of postal codes names it."""

    __tablename__ = "municipality"

    code: str = Field(primary_key=True, description="全国地方公共団体コード, six digits")
    prefecture: str = Field(index=True, description="JIS X 0401")
    name: str
    kana: str


class Place(IntakeRecord, table=True):
    """A town with its postal code. `town` is empty where the code stands for the rest of the municipality."""

    __tablename__ = "place"

    postal_code: str = Field(primary_key=True)
    municipality: str = Field(primary_key=True, foreign_key="intake.municipality.code", index=True)
    town: str = Field(primary_key=True)


class Corporation(IntakeRecord, table=True):
    """A corporation of the 国税庁's register, as far as forms fill it in."""

    __tablename__ = "corporation"

    number: str = Field(primary_key=True)
    name: str
    prefecture: str = Field(description="JIS X 0401; empty outside Japan")
    address: str
    postal_code: str
    closed_on: date | None = None
    updated_on: date


class Revision(IntakeRecord, table=True):
    """The whole contents of an application after a correction, from number 2 on; never changed again."""

    __tablename__ = "revision"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(primary_key=True)
    correction_id: UUID
    answers: dict[str, Any] = Field(sa_type=JSONB)
    account_id: UUID
    account_name: str
    at: datetime = timestamp()


class Correction(IntakeRecord, table=True):
    """What the desk asked to mend (補正), and what the organisation has entered for it so far."""

    __tablename__ = "correction"
    __table_args__ = (CheckConstraint("state in ('asked', 'answered', 'expired', 'closed')", name="state"),)

    id: UUID = Field(primary_key=True, description="the desk's")
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    items: list[dict[str, Any]] = Field(sa_type=JSONB, description="shared.events.CorrectionItem")
    note: str = ""
    asked_at: datetime = timestamp()
    due_on: date = Field(description="the last day, in Japan's time")
    state: str = "asked"
    entered: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True)), description="answers saved and not sent in yet"
    )
    version: int = Field(default=1, description="counts the changes of `entered`: a change names the one it was made on")
    entered_by_name: str = ""
    revision: int | None = Field(default=None, description="the contents that were sent in")


class Message(IntakeRecord, table=True):
    """What applicant and office wrote to each other about an application. Its id is the same on both sides."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "application_id", "at"),)

    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False))
    from_office: bool
    author: str
    text: str
    at: datetime = timestamp()
    read_at: datetime | None = timestamp(default=None)


class Notice(IntakeRecord, table=True):
    """Something an organisation should know about one of its applications. `kind` is a step's state or what happened in it."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "organisation_id", "id"),)

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    kind: str
    at: datetime = timestamp()


class NoticeRead(IntakeRecord, table=True):
    """A person has read a notice."""

    __tablename__ = "notice_read"
    __table_args__ = (Index(None, "notice_id"),)

    account_id: UUID = Field(primary_key=True)
    notice_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("intake.notice.id", ondelete="CASCADE"), primary_key=True))
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Document(IntakeRecord, table=True):
    """A document that the office issued: the bytes at `key` of the storage. (`content`: what an older counter made itself.)"""

    __tablename__ = "document"

    id: UUID = Field(primary_key=True, description="the desk's")
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    number: str
    title: str
    text: str
    addressee: str
    office: str
    issued_at: datetime = timestamp()
    available_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    key: str = Field(default="", sa_column_kwargs={"server_default": ""})
    sha256: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="in hexadecimal")
    size: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    replaces: UUID | None = None
    ended_at: datetime | None = timestamp(default=None)
    end_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    replaced_by: UUID | None = None
    paper_sent_at: datetime | None = timestamp(default=None)
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = None


class Draft(IntakeRecord, table=True):
    """What an organisation has begun to write. Its id becomes the Idempotency-Key of its filing."""

    __tablename__ = "draft"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "procedure_version"], ["intake.procedure.id", "intake.procedure.version"]),
        Index(None, "organisation_id", "id"),
        Index(None, "procedure_id", "procedure_version"),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that began it under a mandate")
    agent_name: str | None = None
    procedure_id: str
    procedure_version: int
    answers: dict[str, Any] = Field(sa_type=JSONB, description="as entered so far; need not fit the form yet")
    contact: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    mends: list[dict[str, Any]] = Field(
        sa_type=JSONB, default_factory=list, description="what the returned application had to mend"
    )
    changes: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True)), description="what a newer version of the procedure changed"
    )
    seen: list[int] = Field(sa_type=JSONB, default_factory=list, description="the pages that were sent, from 1")
    version: int = Field(default=1, description="counts the changes: a change names the one it was made on")
    created_at: datetime = timestamp()
    updated_at: datetime = timestamp(index=True)
    updated_by: UUID
    updated_by_name: str
    held_by: UUID | None = Field(default=None, description="who is writing, until `held_until`")
    held_by_name: str | None = None
    held_until: datetime | None = timestamp(default=None, nullable=True)


class Attachment(IntakeRecord, table=True):
    """A file of an organisation. Its content lies in the storage, under a key made of its id, and never changes."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("state in ('arriving', 'waiting', 'clean', 'infected', 'failed', 'leaving')", name="state"),
        Index(None, "organisation_id", "id"),
        Index(None, "expires_at"),
        Index("attachment_due_idx", "due", postgresql_where=text("state = 'waiting'")),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    account_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that sent it under a mandate")
    name: str
    type: str = Field(description="media type, by content")
    size: int = Field(sa_type=BigInteger, description="bytes")
    sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = Field(description="arriving → waiting (for the scan) → clean, infected or failed; leaving: being deleted")
    detail: str = Field(default="", description="the virus, or why the scan failed")
    attempts: int = Field(default=0, description="scans that were begun and came to no end with this file")
    due: datetime = timestamp()
    created_at: datetime = timestamp()
    expires_at: datetime = timestamp(description="deleted then, unless it was filed")


class Enclosure(IntakeRecord, table=True):
    """An attachment of a filed application. One that was returned and filed again keeps the same attachment."""

    __tablename__ = "enclosure"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    attachment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("intake.attachment.id"), primary_key=True, index=True))
