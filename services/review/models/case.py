"""Cases, their contents, and the procedures they follow."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp


class Procedure(ReviewRecord, table=True):
    """A published version of a procedure, as the desk heard of it."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_type=JSONB)


DECISIONS = "decision in ('approve', 'approve-in-part', 'refuse', 'accept')"


class Case(ReviewRecord, table=True):
    """The review of one application: with a group, and an official of it."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("state in ('open', 'correcting', 'decided', 'withdrawn')", name="state"),
        CheckConstraint(DECISIONS, name="decision"),
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
    stage: str = Field(
        default="review",
        sa_column_kwargs={"server_default": "review"},
        description="where in the procedure's stages; the last for a closed one",
    )
    stage_since: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    version: int = Field(default=1, description="counts the moves; the sequence of the events about it")
    opened_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    decision: str | None = None
    reasons: str = ""
    amount: int | None = Field(
        default=None, sa_column=Column(BigInteger, nullable=True), description="what is granted, in yen, where that is decided"
    )
    conditions: list[str] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")), default_factory=list, description="of an approval"
    )
    criteria: list[str] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")),
        default_factory=list,
        description="keys of the criteria that a refusal cites",
    )
    decided_as: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="the duty it was decided with: an approver's, a delegate's (専決) or a deputy's (代決)",
    )
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp(default=None)
    withdrawn_at: datetime | None = timestamp(default=None)
    withdrawal_reason: str | None = None


class Revision(ReviewRecord, table=True):
    """The contents of a case that was corrected, each as it was; never changed again."""

    __tablename__ = "revision"

    case_id: UUID = of_case(primary_key=True)
    number: int = Field(primary_key=True)
    answers: dict[str, Any] = Field(sa_type=JSONB)
    at: datetime = timestamp()
