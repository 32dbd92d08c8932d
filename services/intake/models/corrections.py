"""Corrections (補正)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Uuid,
    text,
)
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedJSON, SealedText


class Correction(IntakeRecord, table=True):
    """What the desk asked to mend (補正), and what the organisation has entered for it so far."""

    __tablename__ = "correction"
    __table_args__ = (CheckConstraint("state in ('asked', 'answered', 'expired', 'closed')", name="state"),)

    id: UUID = Field(primary_key=True, description="the desk's")
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    items: list[dict[str, Any]] = Field(sa_type=SealedJSON("intake.correction.items"), description="shared.events.CorrectionItem")
    note: str = Field(default="", sa_type=SealedText("intake.correction.note"))
    asked_at: datetime = timestamp()
    due_on: date = Field(description="the last day, in Japan's time")
    state: str = "asked"
    entered: dict[str, Any] | None = Field(
        default=None, sa_column=Column(SealedJSON("intake.correction.entered")), description="answers saved and not sent in yet"
    )
    version: int = Field(default=1, description="counts the changes of `entered`: a change names the one it was made on")
    entered_by_name: str = Field(default="", sa_type=SealedText("intake.correction.entered_by_name"))
    replies: dict[str, str] = Field(
        default_factory=dict,
        sa_column=Column(SealedJSON("intake.correction.replies"), nullable=False, server_default=text("'{}'")),
        description="what the organisation says to items, by their pointers",
    )
    revision: int | None = Field(default=None, description="the contents that were sent in")
