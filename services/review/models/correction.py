"""Corrections, and the times in which the clock stands for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Index, text
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON, SealedText


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
    case_id: UUID = of_case()
    items: list[dict[str, Any]] = Field(sa_type=SealedJSON("review.correction.items"), description="shared.events.CorrectionItem")
    note: str = Field(default="", sa_type=SealedText("review.correction.note"))
    asked_at: datetime = timestamp()
    asked_by: UUID
    asked_by_name: str
    due_on: date = Field(description="the last day, in Japan's time")
    state: str = "asked"
    reminded_at: datetime | None = timestamp(default=None)
    answered_at: datetime | None = timestamp(default=None)
    revision: int | None = Field(default=None, description="the contents that the applicant sent in")
    replies: dict[str, str] = Field(
        default_factory=dict,
        sa_column=Column(SealedJSON("review.correction.replies"), nullable=False, server_default=text("'{}'")),
        description="what the applicant says to items, by their pointers",
    )
    late: bool = Field(
        default=False,
        sa_column=Column(Boolean, nullable=False, server_default=text("false")),
        description="the case was decided before what was sent in was heard of",
    )


class Pause(ReviewRecord, table=True):
    """A time in which the clock of the standard period does not run, because the applicant mends (docs/adr/0012)."""

    __tablename__ = "pause"
    __table_args__ = (Index("pause_running_idx", "case_id", unique=True, postgresql_where=text("ended_at is null")),)

    case_id: UUID = of_case(primary_key=True)
    began_at: datetime = timestamp(primary_key=True)
    ended_at: datetime | None = timestamp(default=None)
