"""The catalogue: procedures as they were published, and trials of those that are not in force."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Sequence,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedJSON

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
    answers: dict[str, Any] = Field(sa_type=SealedJSON("intake.trial_filing.answers"))
    warnings: list[dict[str, Any]] = Field(sa_type=JSONB, description="shared.events.Mend")
    office: str = Field(description="where a real one would go; empty when the rules do not say")
    filed_at: datetime = timestamp()
