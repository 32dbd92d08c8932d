"""Programs of other systems: those that send messages through the post, and those that want to hear of what happens."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON


class Client(NotifyRecord, table=True):
    """A system that sends its own messages (a service, in the words of GOV.UK Notify)."""

    __tablename__ = "client"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    trial: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")}, description="only to its team")
    team: list[str] = Field(
        default_factory=list,
        sa_type=SealedJSON("notify.client.team"),
        sa_column_kwargs={"server_default": text("'[]'")},
        description="addresses and numbers that team keys may write to",
    )
    daily_limit: int = Field(default=100_000, sa_column_kwargs={"server_default": text("100000")})
    settings: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}, description="reply_to addresses …"
    )
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    archived_at: datetime | None = timestamp(default=None)


class ClientKey(NotifyRecord, table=True):
    """A key of a client. Its secret is derived from its id with the house's key, and lies in no table."""

    __tablename__ = "client_key"
    __table_args__ = (Index(None, "client_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("notify.client.id", ondelete="CASCADE"), nullable=False))
    name: str
    type: str = Field(description="normal, team or test")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    created_by: str
    used_at: datetime | None = timestamp(default=None)
    revoked_at: datetime | None = timestamp(default=None)


class Enclosure(NotifyRecord, table=True):
    """A PDF that a client sends as a letter."""

    __tablename__ = "enclosure"

    message_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("notify.message.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    content: bytes


class Receipt(NotifyRecord, table=True):
    """A message of which its client has to be told that it got further. A trigger of `message` writes it."""

    __tablename__ = "receipt"
    __table_args__ = (Index(None, "message_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("notify.message.id", ondelete="CASCADE"), nullable=False))
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Webhook(NotifyRecord, table=True):
    """An address of another system that is told of events by signed requests (Standard Webhooks), or of a client's deliveries.

    Its signing secret is derived from its id and generation with the house's key, and lies in no table.
    """

    __tablename__ = "webhook"
    __table_args__ = (Index("webhook_owner_idx", "owner"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner: UUID = Field(description="an organisation, or a client")
    owner_name: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="what it was called then")
    kind: str = Field(description="organisation or client")
    url: str
    sealed_token: str | None = Field(default=None, description="the token that a client's callbacks carry, sealed")
    types: list[str] = Field(sa_type=JSONB, description="the kinds of events it wants")
    description: str = Field(default="", sa_column_kwargs={"server_default": ""})
    generation: int = Field(default=1, sa_column_kwargs={"server_default": text("1")}, description="of its secret")
    rotated_at: datetime | None = timestamp(default=None, description="until a day later the former secret signs too")
    state: str = Field(default="active", sa_column_kwargs={"server_default": "active"}, description="active or disabled")
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="why it is disabled")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
