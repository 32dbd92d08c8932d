"""From events to messages: one for each (event, channel, recipient), whatever is replayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from sqlmodel import Session

from services.notify.models import Message
from services.notify.procedures import titles_of
from services.notify.recipients.addresses import recipient_hash
from services.notify.telling.fillings import filled
from services.notify.telling.people import Person
from services.notify.telling.table import TOLD, Telling
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.events import Event, ProcedureRef

# The queue of the errand that sends what waits for e-mail (services.notify.sending).
POST = "post"

Titles = Mapping[str, Mapping[str, str]]


def tell(session: Session, events: list[Event], *, secret_key: SecretStr) -> None:
    """Write the messages that these events call for; they are sent after the commit.

    Raises LookupError where a procedure was not heard of yet: the event is tried again later.
    """
    titles = titles_of(session, (ref.id for event in events if (ref := _procedure(event))))
    rows = [
        _row(event, telling, person, titles, secret_key)
        for event in events
        for telling in TOLD[type(event)]
        if not telling.unless(event)
        for person in telling.to(event)
    ]
    if rows:
        insert_many(session, Message, rows)
        ring_after_commit(session, POST)


def _procedure(event: Event) -> ProcedureRef | None:
    return getattr(event, "procedure", None)


def _row(event: Event, telling: Telling, person: Person, titles: Titles, secret_key: SecretStr) -> dict[str, Any]:
    filling = {"name": person.name, **filled(event, telling.names, person.language), "path": telling.page.format(event)}
    ref = _procedure(event)
    if ref:
        title = titles[ref.id]
        filling["procedure"] = title.get(person.language) or title["ja"]
    return {
        "id": new_id(),
        "event_id": event.id,
        "subject": event.subject,
        "procedure_id": ref.id if ref else None,
        "office": getattr(event, "group", None),
        "channel": "email",
        "template": telling.kind,
        "language": person.language,
        "recipient": person.email,
        "recipient_hash": recipient_hash(secret_key, person.email),
        "filling": filling,
        "urgent": telling.urgent,
        "state": "created",
        "attempts": 0,
        "traceparent": event.traceparent,
    }
