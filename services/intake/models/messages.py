"""Messages, and notices (お知らせ) with who has read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Uuid,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedText


class Message(IntakeRecord, table=True):
    """What applicant and office wrote to each other about an application. Its id is the same on both sides."""

    __tablename__ = "message"
    __table_args__ = (Index(None, "application_id", "at"),)

    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False))
    from_office: bool
    author: str = Field(sa_type=SealedText("intake.message.author"))
    text: str = Field(sa_type=SealedText("intake.message.text"))
    at: datetime = timestamp()
    read_at: datetime | None = timestamp(default=None)
    files: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False, server_default=sql("'[]'")),
        description="shared.events.AttachedFile",
    )


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
