"""Applications: as filed, how they moved, what they say after corrections, what they have in common."""

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
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedJSON, SealedText

# Numbers that people read. Gaps are no harm: a number says when and which, not how many.
RECEIPTS = Sequence("receipt_number_seq", metadata=IntakeRecord.metadata)
ARRIVALS = Sequence("arrival_number_seq", metadata=IntakeRecord.metadata)


# What came to its end, and is not anonymous: what retention looks through (services.intake.retention).
_ENDED = "state in ('returned', 'withdrawn', 'approved', 'partly_approved', 'refused', 'accepted') and anonymised_at is null"


class Application(IntakeRecord, table=True):
    """What an organisation filed. Receipt number and time of filing are set at commit and never change."""

    __tablename__ = "application"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "procedure_version"], ["intake.procedure.id", "intake.procedure.version"]),
        CheckConstraint("procedure_version > 0", name="procedure_version"),
        UniqueConstraint("organisation_id", "idempotency_key"),
        Index(None, "organisation_id", "id"),
        Index(None, "procedure_id", "procedure_version"),
        Index("application_ended_idx", "id", postgresql_where=text(_ENDED)),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that filed it under a mandate")
    account_id: UUID
    procedure_id: str
    procedure_version: int
    applicant: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Applicant")
    contact: dict[str, Any] = Field(sa_type=SealedJSON("intake.application.contact"), description="shared.events.Contact")
    answers: dict[str, Any] = Field(sa_type=SealedJSON("intake.application.answers"))
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
    due_on: date | None = Field(
        default=None, description="the last day of the standard period (標準処理期間), as the desk said last"
    )
    anonymised_at: datetime | None = timestamp(default=None, description="then only procedure, dates and states were left")


class Step(IntakeRecord, table=True):
    """A move of an application after its filing: the timeline that the applicant sees."""

    __tablename__ = "step"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    version: int = Field(primary_key=True)
    state: str
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    detail: dict[str, Any] = Field(sa_type=SealedJSON("intake.step.detail"), default_factory=dict)


class Revision(IntakeRecord, table=True):
    """The whole contents of an application after a correction, or a change by the office, from number 2 on; insert-only."""

    __tablename__ = "revision"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(primary_key=True)
    correction_id: UUID | None = Field(default=None, description="for which it was sent in; empty where the office changed it")
    answers: dict[str, Any] = Field(sa_type=SealedJSON("intake.revision.answers"))
    account_id: UUID | None = None
    account_name: str = Field(sa_type=SealedText("intake.revision.account_name"))
    at: datetime = timestamp()
    reason: str = Field(
        default="",
        sa_column=Column(Text, nullable=False, server_default=text("''")),
        description="why the office changed it",
    )


class Fingerprint(IntakeRecord, table=True):
    """What duplicates of an application would have in common with it (services.intake.checking.duplicates), as a hash."""

    __tablename__ = "fingerprint"
    __table_args__ = (CheckConstraint("kind in ('exact', 'near')", name="kind"),)

    digest: UUID = Field(primary_key=True)
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    kind: str
