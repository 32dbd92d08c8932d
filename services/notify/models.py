"""The tables of the post."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, new_id, timestamp


class NotifyRecord(SQLModel, registry=registry(metadata=metadata("notify"))):
    """A table of the schema `notify`."""


class Procedure(NotifyRecord, table=True):
    """The newest title of a procedure, for the texts."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int
    title: dict[str, str] = Field(sa_type=JSONB, description="by language")


class Message(NotifyRecord, table=True):
    """One message to one recipient because of one event.

    created → sending (its text is being handed over) → sent. A refusal for now goes back to created with a later
    next_attempt_at; a refusal for good is failed. Where the connection broke while the text was handed over, nobody can know
    whether it was taken (RFC 1047): unknown, held for an operator, never sent again by itself.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("event_id", "channel", "recipient"),
        CheckConstraint("state in ('created', 'sending', 'sent', 'failed', 'unknown')", name="state"),
        Index("message_due_idx", "next_attempt_at", postgresql_where=text("state in ('created', 'sending')")),
        Index(None, "subject"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID
    subject: str = Field(description="what it is about: the application's id")
    channel: str = "email"
    template: str
    language: str
    recipient: str
    # What the template is filled with. The text is made when it is sent, so that a sign-in link's secret lies in no table.
    filling: dict[str, Any] = Field(sa_type=JSONB)
    state: str = "created"
    attempts: int = 0
    next_attempt_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    error: str | None = None
    traceparent: str | None = None
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    sent_at: datetime | None = timestamp(default=None)
