"""Messages, and every try to deliver one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Uuid, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedAddress, SealedJSON

Channel = Literal["email", "sms", "letter", "webhook", "inbox"]
CHANNELS: tuple[Channel, ...] = ("email", "sms", "letter", "webhook", "inbox")
# The queue of the errand that sends what waits on a channel. The inbox has none: what is written there is delivered.
QUEUES: dict[str, str] = {"email": "post", "sms": "post-sms", "letter": "post-letters", "webhook": "post-webhooks"}

State = Literal["created", "deferred", "sending", "sent", "delivered", "bounced", "failed", "unknown", "merged", "cancelled"]
STATES: tuple[State, ...] = (
    "created",
    "deferred",
    "sending",
    "sent",
    "delivered",
    "bounced",
    "failed",
    "unknown",
    "merged",
    "cancelled",
)
_ONE_OF = ", ".join(f"'{state}'" for state in STATES)
_ARRIVAL, _RECEIPT = "(filling ->> 'arrival_number')", "(filling ->> 'receipt_number')"
_DUE = "state in ('created', 'deferred', 'sending')"


class Message(NotifyRecord, table=True):
    """One message to one recipient over one channel, because of one event or one request of a client.

    created → sending (it is being handed over) → sent (the next server has it) → delivered, where the channel tells. A
    refusal for now is deferred, with a later next_attempt_at; a refusal for good is failed; what came back later is bounced.
    Where the connection broke while it was handed over, nobody can know whether it was taken (RFC 1047): unknown, held for an
    operator, never sent again by itself. merged: it is part of a digest; cancelled: an operator or a wish stopped it.
    """

    __tablename__ = "message"
    __table_args__ = (
        # whoever is told of an event over a channel is told once: known by himself, or, where he is sealed, by his hash
        Index(
            "message_once_plain_key",
            *("event_id", "channel", "recipient"),
            unique=True,
            postgresql_where=text("left(recipient, 1) <> '~'"),
        ),
        Index(
            "message_once_sealed_key",
            *("event_id", "channel", "recipient_hash"),
            unique=True,
            postgresql_where=text("left(recipient, 1) = '~'"),
        ),
        Index("message_arrival_number_idx", "arrival_number", postgresql_where=text("arrival_number is not null")),
        Index("message_receipt_number_idx", "receipt_number", postgresql_where=text("receipt_number is not null")),
        CheckConstraint(f"state in ({_ONE_OF})", name="state"),
        Index("message_waiting_idx", "channel", "next_attempt_at", postgresql_where=text(_DUE)),
        Index("message_client_idx", "client_id", "id", postgresql_where=text("client_id is not null")),
        Index("message_inbox_idx", "recipient_hash", "id", postgresql_where=text("channel = 'inbox'")),
        Index("message_digest_idx", "next_attempt_at", postgresql_where=text("digest and state = 'created'")),
        Index("message_reference_idx", "client_id", "reference", postgresql_where=text("reference is not null")),
        Index("message_webhook_idx", "recipient", "id", postgresql_where=text("channel = 'webhook'")),
        # What operators narrow their list by, in its order (services.notify.messages.finding).
        Index("message_state_idx", "channel", "state", "id"),
        Index("message_template_idx", "template", "state", "id"),
        Index(
            "message_arrival_idx",
            text(_ARRIVAL),
            postgresql_where=text(f"client_id is null and length({_ARRIVAL}) <= 100"),
        ),
        Index(
            "message_receipt_idx",
            text(_RECEIPT),
            postgresql_where=text(f"client_id is null and length({_RECEIPT}) <= 100"),
        ),
        Index("message_unhashed_idx", "id", postgresql_where=text("recipient_hash is null")),
        Index(None, "recipient_hash"),
        Index(None, "subject"),
        Index(None, "created_at", postgresql_using="brin"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID = Field(description="the event it tells of; of a client's request, the message's own id")
    subject: str = Field(description="what it is about: the application's id, or a client's reference")
    procedure_id: str | None = None
    application_id: str | None = Field(default=None, description="the application it is about, where the event said so")
    organisation_id: UUID | None = Field(default=None, description="whose application that is")
    office: str | None = Field(default=None, description="the group whose header and footer it has")
    channel: str = "email"
    template: str = Field(description="the key of a shipped text, or the id of a client's template")
    template_version: int | None = None
    language: str
    recipient: str = Field(
        sa_type=SealedAddress("notify.message.recipient"),
        description="an e-mail address, a telephone number, an address in lines, a webhook's or account's id",
    )
    recipient_hash: bytes | None = Field(default=None, description="keyed, of the normalised recipient: what operators search by")
    # What the template is filled with. The text is made when it is sent, so that a sign-in link's secret lies in no table.
    filling: dict[str, Any] = Field(sa_type=SealedJSON("notify.message.filling"))
    arrival_number: str | None = Field(default=None, description="of the application in `filling`, to find it by")
    receipt_number: str | None = Field(default=None, description="the same")
    options: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'{}'")},
        description="reply_to, one_click_unsubscribe_url, postage …",
    )
    urgent: bool = Field(default=False, sa_column_kwargs={"server_default": false()}, description="goes before all others")
    digest: bool = Field(default=False, sa_column_kwargs={"server_default": false()}, description="waits for the next digest")
    merged_into: UUID | None = Field(default=None, description="the digest it is part of")
    client_id: UUID | None = None
    key_id: UUID | None = None
    key_type: str | None = Field(default=None, description="normal, team or test: of the client's key")
    reference: str | None = Field(default=None, description="the client's own")
    state: str = "created"
    attempts: int = 0
    next_attempt_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    error: str | None = None
    traceparent: str | None = None
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    sent_at: datetime | None = timestamp(default=None)
    completed_at: datetime | None = timestamp(default=None, description="when nothing more was to be done")
    read_at: datetime | None = timestamp(default=None, description="in the inbox")
    collected_at: datetime | None = timestamp(default=None, description="when a letter was copied out for printing")


class Attempt(NotifyRecord, table=True):
    """One try to hand a message over: when, to whom, what the other side said, and how long it took."""

    __tablename__ = "attempt"
    __table_args__ = (Index(None, "message_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("notify.message.id", ondelete="CASCADE"), nullable=False))
    number: int = Field(description="from 1")
    started_at: datetime = timestamp()
    took_ms: int
    server: str = Field(default="", description="the host it was handed to")
    outcome: str = Field(
        description="sent, deferred, failed, unknown, delivered; of what came back: bounced, delayed, complained or delivered"
    )
    answer: str = Field(default="", description="what the other side said, cut")


class ChannelPause(NotifyRecord, table=True):
    """A channel that an operator stopped. What is to go over it waits."""

    __tablename__ = "channel_pause"

    channel: str = Field(primary_key=True)
    paused_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    paused_by: str
    reason: str
