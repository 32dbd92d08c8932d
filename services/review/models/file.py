"""Files that belong to a note, an opinion or a message about a case; what was filed lies with the counter."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp


class CaseFile(ReviewRecord, table=True):
    """A file that somebody sent about a case. Nobody is given it before it is scanned."""

    __tablename__ = "file"
    __table_args__ = (
        CheckConstraint("state in ('arriving', 'waiting', 'clean', 'infected', 'failed', 'leaving')", name="state"),
        Index(None, "case_id"),
        Index(None, "owner_id"),
        Index("file_due_idx", "due", postgresql_where=text("state = 'waiting'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    sender_id: UUID = Field(description="the account that sent it; from outside, the opinion it is for")
    owner_id: UUID | None = Field(default=None, description="the note, opinion or message that has it")
    name: str
    type: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: bytes
    state: str = "arriving"
    detail: str = ""
    attempts: int = Field(default=0, description="scans that were begun and came to no end with this file")
    due: datetime = timestamp()
    created_at: datetime = timestamp()
