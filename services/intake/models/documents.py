"""Documents that the office issued."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    LargeBinary,
    Uuid,
    func,
)
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp


class Document(IntakeRecord, table=True):
    """A document that the office issued. What was fetched first is kept, and is what is fetched ever after."""

    __tablename__ = "document"

    id: UUID = Field(primary_key=True, description="the desk's")
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    number: str
    title: str
    text: str
    addressee: str
    office: str
    issued_at: datetime = timestamp()
    available_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = None
