"""What recipients wish, and who is not written to any more."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import Index, Time, func, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import timestamp
from shared.sealing.columns import SealedJSON, SealedText


class Preference(NotifyRecord, table=True):
    """How somebody wants to be told. Known by e-mail address, because that is what events carry of people."""

    __tablename__ = "preference"

    recipient_hash: bytes = Field(primary_key=True, description="keyed, of the normalised address")
    email: str = Field(sa_type=SealedText("notify.preference.email"))
    language: str | None = Field(default=None, description="None: as the event says")
    electronic: bool = Field(
        default=True, sa_column_kwargs={"server_default": true()}, description="whether he agreed to be told electronically"
    )
    consented_at: datetime | None = timestamp(default=None, description="when he said what `electronic` says")
    channels: list[str] = Field(
        default_factory=lambda: ["email"], sa_type=JSONB, sa_column_kwargs={"server_default": text("""'["email"]'""")}
    )
    phone: str | None = Field(
        default=None, sa_type=SealedText("notify.preference.phone"), description="for SMS: he wrote back what was sent there"
    )
    phone_asked: str | None = Field(
        default=None, sa_type=SealedText("notify.preference.phone_asked"), description="the one that waits for this"
    )
    phone_check: UUID | None = Field(default=None, description="the code sent there is derived from it with the house's key")
    phone_sent_at: datetime | None = timestamp(default=None, description="when the code was sent")
    phone_tries: int = Field(default=0, sa_column_kwargs={"server_default": text("0")}, description="wrong codes so far")
    postal_address: list[str] | None = Field(
        default=None, sa_type=SealedJSON("notify.preference.postal_address"), description="lines of an address, for letters"
    )
    quiet_from: time | None = Field(default=None, sa_type=Time, description="Japan's time; nothing but what is urgent goes out")
    quiet_to: time | None = Field(default=None, sa_type=Time)
    digest_at: time | None = Field(default=None, sa_type=Time, description="one message a day at this time of Japan")
    updated_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Suppression(NotifyRecord, table=True):
    """An address that is not written to: it does not exist, or its owner complained."""

    __tablename__ = "suppression"
    __table_args__ = (Index(None, "created_at"),)

    recipient_hash: bytes = Field(primary_key=True)
    recipient: str = Field(sa_type=SealedText("notify.suppression.recipient"))
    channel: str
    reason: str = Field(description="bounce, complaint, unsubscribed or operator")
    detail: str = Field(default="", sa_column_kwargs={"server_default": ""})
    message_id: UUID | None = Field(default=None, description="the message that showed it")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    created_by: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="the operator, if one did it")
