"""Messages between office and applicant."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import timestamp
from shared.sealing.columns import SealedText


class Message(ReviewRecord, table=True):
    """What applicant and office wrote to each other about a case. Its id is the same on both sides."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "case_id", "at"),)

    id: UUID = Field(primary_key=True)
    case_id: UUID = of_case()
    from_office: bool
    author: str = Field(sa_type=SealedText("review.message.author"))
    text: str = Field(sa_type=SealedText("review.message.text"))
    at: datetime = timestamp()
    read_at: datetime | None = timestamp(default=None)
    files: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False, server_default=sql("'[]'")),
        description="shared.events.AttachedFile",
    )
