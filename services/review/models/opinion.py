"""Opinions (意見照会): what an official asks somebody else about a case, and the answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON, SealedText


class Opinion(ReviewRecord, table=True):
    """A question about a case to an official, or to somebody outside who gets a link, with what he may see for it."""

    __tablename__ = "opinion"
    __table_args__ = (
        CheckConstraint("state in ('asked', 'answered', 'withdrawn', 'expired', 'closed')", name="state"),
        Index(None, "case_id"),
        Index("opinion_inside_idx", "account_id", postgresql_where=text("account_id is not null")),
        Index("opinion_due_idx", "due_on", postgresql_where=text("state = 'asked'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    account_id: UUID | None = Field(default=None, description="the official who is asked; empty for somebody outside")
    name: str = Field(sa_type=SealedText("review.opinion.name"))
    email: str = Field(sa_type=SealedText("review.opinion.email"))
    language: str = "ja"
    question: str = Field(sa_type=SealedText("review.opinion.question"))
    fields: list[str] = Field(sa_type=JSONB, description="keys of the fields that he may see")
    attachments: list[str] = Field(sa_type=JSONB, description="ids of the attachments that he may see")
    with_contact: bool = Field(description="whether he may see who applies, and whom to write to")
    revision: int = Field(sa_column=Column(BigInteger, nullable=False), description="the contents that the official looked at")
    due_on: date = Field(description="the last day, in Japan's time")
    asked_at: datetime = timestamp()
    asked_by: UUID
    asked_by_name: str
    state: str = "asked"
    version: int = Field(
        default=1, sa_column=Column(BigInteger, nullable=False), description="counts what happened; the sequence of its events"
    )
    reminded_at: datetime | None = timestamp(default=None)
    answer: str = Field(default="", sa_type=SealedText("review.opinion.answer"))
    answered_at: datetime | None = timestamp(default=None)
    earlier: list[dict[str, Any]] = Field(
        sa_type=SealedJSON("review.opinion.earlier"), default_factory=list, description="answers before it was revised"
    )
