"""From events to messages: one for each (event, channel, recipient), whatever is replayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import SecretStr
from sqlmodel import Session

from services.notify.models import QUEUES, Message, Preference
from services.notify.procedures import titles_of
from services.notify.recipients.addresses import recipient_hash
from services.notify.recipients.ways import ways
from services.notify.recipients.wishes import wishes_of
from services.notify.telling.fillings import filled
from services.notify.telling.people import Person
from services.notify.telling.table import TOLD, Telling
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.events import Event, ProcedureRef
from shared.i18n import Language

# The queue of the errand that sends what waits for e-mail (services.notify.sending).
POST = QUEUES["email"]

Titles = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Told:
    """Somebody who is told something of an event."""

    event: Event
    telling: Telling
    person: Person
    hash: bytes


def tell(session: Session, events: list[Event], *, secret_key: SecretStr) -> None:
    """Write the messages that these events call for; they are sent after the commit.

    Raises LookupError where a procedure was not heard of yet: the event is tried again later.
    """
    titles = titles_of(session, (ref.id for event in events if (ref := _procedure(event))))
    told = [
        Told(event, telling, person, recipient_hash(secret_key, person.email))
        for event in events
        for telling in TOLD[type(event)]
        if not telling.unless(event)
        for person in telling.to(event)
    ]
    wishes = wishes_of(session, (one.hash for one in told)) if told else {}
    now = datetime.now(UTC)
    rows = [row for one in told for row in _rows(one, titles, wishes.get(one.hash), secret_key, now)]
    insert_many(session, Message, rows)
    for channel in {row["channel"] for row in rows if row["state"] == "created"}:
        ring_after_commit(session, QUEUES[channel])


def _procedure(event: Event) -> ProcedureRef | None:
    return getattr(event, "procedure", None)


def _rows(told: Told, titles: Titles, wish: Preference | None, secret_key: SecretStr, now: datetime) -> Iterator[dict[str, Any]]:
    """One row for each way to somebody."""
    event, telling, person = told.event, told.telling, told.person
    language: Language = cast("Language", wish.language) if wish and wish.language else person.language
    filling = {"name": person.name, **filled(event, telling.names, language), "path": telling.page.format(event)}
    if ref := _procedure(event):
        filling["procedure"] = titles[ref.id].get(language) or titles[ref.id]["ja"]
    common = {
        "event_id": event.id,
        "subject": event.subject,
        "procedure_id": ref.id if ref else None,
        "office": getattr(event, "group", None) or None,
        "template": telling.kind,
        "language": language,
        "filling": filling,
        "urgent": telling.urgent,
        "attempts": 0,
        "traceparent": event.traceparent,
    }
    official = person.role in {"official", "managers"}
    for way in ways(person.email, wish, now, official=official, urgent=telling.urgent, by_law=telling.by_law):
        done = now if way.channel == "inbox" or way.why_not else None
        yield {
            **common,
            "id": new_id(),
            "channel": way.channel,
            "recipient": way.recipient,
            "recipient_hash": told.hash if way.recipient == person.email else recipient_hash(secret_key, way.recipient),
            "digest": way.digest,
            "next_attempt_at": way.at or now,
            # what lies in the inbox is delivered by being written
            "state": "cancelled" if way.why_not else "delivered" if way.channel == "inbox" else "created",
            "error": way.why_not or None,
            "sent_at": done if not way.why_not else None,
            "completed_at": done,
        }
