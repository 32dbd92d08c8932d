"""Files, and the applications that name them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Uuid,
    text,
)
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp


class Attachment(IntakeRecord, table=True):
    """A file of an organisation. Its content lies in the storage, under a key made of its id, and never changes."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("state in ('arriving', 'waiting', 'clean', 'infected', 'failed', 'leaving')", name="state"),
        Index(None, "organisation_id", "id"),
        Index(None, "expires_at"),
        Index("attachment_due_idx", "due", postgresql_where=text("state = 'waiting'")),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    account_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that sent it under a mandate")
    name: str
    type: str = Field(description="media type, by content")
    size: int = Field(sa_type=BigInteger, description="bytes")
    sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = Field(description="arriving → waiting (for the scan) → clean, infected or failed; leaving: being deleted")
    detail: str = Field(default="", description="the virus, or why the scan failed")
    attempts: int = Field(default=0, description="scans that were begun and came to no end with this file")
    due: datetime = timestamp()
    created_at: datetime = timestamp()
    expires_at: datetime = timestamp(description="deleted then, unless it was filed")


class Enclosure(IntakeRecord, table=True):
    """An attachment of a filed application. One that was returned and filed again keeps the same attachment."""

    __tablename__ = "enclosure"

    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), primary_key=True)
    )
    attachment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("intake.attachment.id"), primary_key=True, index=True))
