"""The tables of the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
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
        CheckConstraint("state in ('open', 'decided', 'withdrawn')", name="state"),
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
