"""The envelope of every event (CloudEvents 1.0), and how its parts are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

ENVELOPE = frozenset({"id", "subject", "sequence", "time", "traceparent"})


class Part(BaseModel):
    """A piece of a contract. Frozen; a field it does not know yet is passed over, so that a newer publisher is readable."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """The envelope (CloudEvents 1.0). `subject` is the thing it is about, `sequence` counts its events from 1."""

    type: ClassVar[str]
    source: ClassVar[str]
    # whether the log seals what it carries (shared.sealing): False for those that tell of nobody
    personal: ClassVar[bool] = True

    id: UUID = Field(default_factory=uuid7)
    subject: str
    sequence: int = Field(ge=1)
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    traceparent: str | None = None

    def data(self) -> dict[str, Any]:
        """The payload: every field but the envelope's, as JSON values."""
        return self.model_dump(mode="json", exclude=set(ENVELOPE))
