"""The tables of the bus: `event`, the log of what happened, and `delivery`, who is still to hear of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Uuid, func, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, timestamp
from shared.sealing.columns import SealedPayload

# What the payload of an event is sealed for.
DATA = "bus.event.data"


class BusRecord(SQLModel, registry=registry(metadata=metadata("bus"))):
    """A table of the schema `bus`."""


class Event(BusRecord, table=True):
    """A fact, published once, in the envelope of CloudEvents 1.0. `data` is purged a set time after its last delivery."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "source", "subject", "sequence", unique=True), Index(None, "time"))

    id: UUID = Field(primary_key=True)
    type: str
    source: str
    subject: str
    sequence: int = Field(description="number of the event for its source and subject, counted from 1")
    time: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    traceparent: str | None = None
    # json, not jsonb: nobody searches inside, and the text is handed on as it was written
    data: dict[str, Any] = Field(sa_type=SealedPayload(DATA))


class Delivery(BusRecord, table=True):
    """One subscriber's copy of an event: waiting, then done, or dead after its last attempt, then maybe discarded."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'done', 'dead', 'discarded')", name="state"),
        # order: is an earlier event of the same subject undone?
        Index(
            "delivery_undone_idx",
            "subscriber",
            "source",
            "subject",
            "sequence",
            postgresql_where=text("state <> 'done'"),
        ),
        # the sweeper: what is due?
        Index("delivery_due_idx", "service", "due", postgresql_where=text("state = 'waiting'")),
    )

    event_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("bus.event.id", ondelete="CASCADE"), primary_key=True))
    subscriber: str = Field(primary_key=True, description="<service>.<handler>")
    service: str
    source: str
    subject: str
    sequence: int
    ordered: bool = Field(description="wait until earlier events of the same source and subject are done")
    state: str = Field(default="waiting", sa_column_kwargs={"server_default": "waiting"})
    due: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    unanswered: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="rings of the sweeper that nobody answered"
    )
    error: str | None = None
    done_at: datetime | None = timestamp(default=None)
