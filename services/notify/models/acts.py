"""What operators did with messages and channels before it stood in the trace of all their acts (`operation.act`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import timestamp


class Act(NotifyRecord, table=True):
    """One act of an operator, or one look at a message with its recipient. Nothing is added any more, and nothing changed."""

    __tablename__ = "act"
    __table_args__ = (
        Index(None, "message_id", "id"),
        Index("act_done_idx", "id", postgresql_where=text("act <> 'message.shown'")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    account_id: UUID | None = Field(default=None, description="who; none for the command line")
    name: str = Field(description="what he was called then")
    act: str = Field(description="such as message.resent")
    message_id: UUID | None = Field(default=None, description="outlives the message")
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="why, in his words")
    details: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}, description="no personal data"
    )
