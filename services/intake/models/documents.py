"""Documents that the office issued."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    Uuid,
    func,
)
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedText


class Document(IntakeRecord, table=True):
    """A document that the office issued: the bytes at `key` of the storage. (`content`: what an older counter made itself.)"""

    __tablename__ = "document"

    id: UUID = Field(primary_key=True, description="the desk's")
    application_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("intake.application.id", ondelete="CASCADE"), nullable=False, index=True)
    )
    number: str
    title: str
    text: str = Field(sa_type=SealedText("intake.document.text"))
    addressee: str = Field(sa_type=SealedText("intake.document.addressee"))
    office: str
    issued_at: datetime = timestamp()
    available_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    key: str = Field(default="", sa_column_kwargs={"server_default": ""})
    sha256: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="in hexadecimal")
    size: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    replaces: UUID | None = None
    ended_at: datetime | None = timestamp(default=None)
    end_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    replaced_by: UUID | None = None
    paper_sent_at: datetime | None = timestamp(default=None)
    fetched_at: datetime | None = timestamp(default=None)
    fetched_by: str | None = Field(default=None, sa_type=SealedText("intake.document.fetched_by"))
