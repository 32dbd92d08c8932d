"""Internal notes, and who is mentioned in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Uuid, text
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedText


class Note(ReviewRecord, table=True):
    """What an official wrote about a case for his colleagues. A deleted one keeps its place, without its text."""

    __tablename__ = "note"
    __table_args__ = (Index("note_case_id_idx", "case_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    author_id: UUID
    author: str
    text: str = Field(sa_type=SealedText("review.note.text"))
    at: datetime = timestamp()
    edited_at: datetime | None = timestamp(default=None)
    deleted_at: datetime | None = timestamp(default=None)
    version: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False), description="counts those told; the sequence of its events"
    )


class Mention(ReviewRecord, table=True):
    """An official who should read a note, and whether he did."""

    __tablename__ = "mention"
    __table_args__ = (Index("mention_unread_idx", "account_id", postgresql_where=text("read_at is null")),)

    note_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("review.note.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    account_id: UUID = Field(primary_key=True)
    name: str
    read_at: datetime | None = timestamp(default=None)
