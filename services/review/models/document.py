"""Documents that were issued."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Sequence, Uuid
from sqlmodel import Field

from services.review.models.base import ReviewRecord
from shared.database import new_id, timestamp

# The numbers of documents. Gaps are no harm: a number says when and which, not how many.
DOCUMENTS = Sequence("document_number_seq", metadata=ReviewRecord.metadata)


class Document(ReviewRecord, table=True):
    """A document that was issued with a decision, and when the applicant fetched it first."""

    __tablename__ = "document"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("review.case.id", ondelete="CASCADE"), nullable=False, index=True))
    number: str = Field(unique=True)
    title: str
    text: str
    issued_at: datetime = timestamp()
    issued_by: UUID
    issued_by_name: str
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = None
    sha256: str | None = Field(default=None, description="of the bytes that were fetched, in hexadecimal")
