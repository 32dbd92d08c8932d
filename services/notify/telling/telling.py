"""From events to messages: one for each (event, channel, recipient), whatever is replayed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session

from services.notify.models import QUEUES, Channel, Message, Preference, Procedure
from services.notify.procedures import procedures_of
from services.notify.recipients.addresses import recipient_hash
from services.notify.recipients.ways import ELECTRONIC, EVERYTHING, ways
from services.notify.recipients.wishes import wishes_of
from services.notify.telling.fillings import filled
from services.notify.telling.people import Person, managers_of, office
from services.notify.telling.table import TOLD, Telling
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.events import Applicant, Event, Parties, ProcedureRef
from shared.i18n import Language
from shared.procedure.messages import KINDS

# The queue of the errand that sends what waits for e-mail (services.notify.sending).
POST = QUEUES["email"]


@dataclass(frozen=True)
class Told:
    """Somebody who is told something of an event. `says`: what the procedure says of messages of this kind."""

    event: Event
    telling: Telling
    person: Person
    procedure: Procedure | None
    says: Mapping[str, Any]


def tell(session: Session, events: list[Event], *, secret_key: SecretStr, carried: Collection[str] = EVERYTHING) -> None:
    """Write the messages that these events call for; they are sent after the commit. `carried`: the channels there are.

    Raises LookupError where a procedure was not heard of yet: the event is tried again later.
    """
    procedures = procedures_of(session, (ref.id for event in events if (ref := _procedure(event))))
    told = [one for event in events for one in _told(session, event, procedures)]
    hashes = {one.person.email: recipient_hash(secret_key, one.person.email) for one in told}
    wishes = wishes_of(session, hashes.values()) if told else {}
    now = datetime.now(UTC)
    rows = [row for one in told for row in _rows(one, wishes.get(hashes[one.person.email]), carried, now)]
    for row in rows:
        row["recipient_hash"] = hashes.get(row["recipient"]) or recipient_hash(secret_key, row["recipient"])
    insert_many(session, Message, rows)
    for channel in {row["channel"] for row in rows if row["state"] == "created"}:
        ring_after_commit(session, QUEUES[channel])


def _procedure(event: Event) -> ProcedureRef | None:
    return getattr(event, "procedure", None)


def application_of(event: Event) -> str | None:
    """The application that an event is about, where it says so."""
    if event.type.startswith(("application.", "case.", "correction.", "withdrawal.")):
        return event.subject
    about = getattr(event, "application_id", None)
    return str(about) if about else None


def organisation_of(event: Event) -> UUID | None:
    """Whose application it is about, where it says so."""
    whose: Applicant | Parties | None = getattr(event, "applicant", None) or getattr(event, "parties", None)
    return whose.organisation_id if whose else None


def _office(event: Any) -> str | None:
    """The group that has the case, where the event knows it."""
    return getattr(event, "group", None) or None


def _told(session: Session, event: Event, procedures: Mapping[str, Procedure]) -> Iterator[Told]:
    """Who is told: whom the table names, as far as the procedure wants it, and whom the procedure adds."""
    procedure = procedures[ref.id] if (ref := _procedure(event)) else None
    messages = procedure.messages if procedure else {}
    tellings = [one for one in TOLD[type(event)] if not one.unless(event)]
    for telling in tellings:
        says = messages.get(telling.kind, {})
        for person in telling.to(event):
            if person.role in says.get("to", (person.role,)):
                yield Told(event, telling, person, procedure, says)
    for telling in {one.kind: one for one in tellings}.values():
        says = messages.get(telling.kind, {})
        group = _office(event)
        if procedure and group and "managers" in says.get("to", ()) and "managers" not in KINDS[telling.kind].to:
            yield from (Told(event, telling, one, procedure, says) for one in managers_of(session, group, procedure.id))
        yield from (Told(event, telling, office(email), procedure, says) for email in says.get("addresses", ()))


def _rows(told: Told, wish: Preference | None, carried: Collection[str], now: datetime) -> Iterator[dict[str, Any]]:
    """One row for each way to somebody."""
    event, telling, person = told.event, told.telling, told.person
    language: Language = cast("Language", wish.language) if wish and wish.language else person.language
    filling = {"name": person.name, **filled(event, telling.names, language), "path": _page(told)}
    if told.procedure:
        filling["procedure"] = told.procedure.title.get(language) or told.procedure.title["ja"]
    common = {
        "event_id": event.id,
        "subject": event.subject,
        "procedure_id": told.procedure.id if told.procedure else None,
        "application_id": application_of(event),
        "organisation_id": organisation_of(event),
        "office": _office(event),
        "template": telling.kind,
        "language": language,
        "filling": filling,
        **{name: filling.get(name) for name in ("arrival_number", "receipt_number")},
        "urgent": telling.urgent,
        "attempts": 0,
        "traceparent": event.traceparent,
    }
    official = person.role in {"official", "managers", "office"}
    offered: list[Channel] = ["email"] if person.role == "office" else told.says.get("channels", [*ELECTRONIC])
    by_post = telling.disposition and person.by_post
    asked = {"urgent": telling.urgent, "by_law": telling.by_law, "by_post": by_post}
    for way in ways(person.email, wish, now, official=official, offered=offered, carried=carried, **asked):
        # what lies in the inbox is delivered by being written
        state = "cancelled" if way.why_not else "delivered" if way.channel == "inbox" else "created"
        yield {
            **common,
            "id": new_id(),
            "channel": way.channel,
            "recipient": way.recipient,
            "digest": way.digest,
            "next_attempt_at": way.at or now,
            "state": state,
            "error": way.why_not or None,
            "sent_at": now if state == "delivered" else None,
            "completed_at": now if state != "created" else None,
        }


def _page(told: Told) -> str:
    """Where the link leads. An office that hears of what is meant for the applicant finds the case at its desk."""
    event: Any = told.event
    if told.person.role in {"managers", "office"} and not told.telling.page.startswith("/desk"):
        return f"/desk/cases/{event.case_id}" if hasattr(event, "case_id") else "/desk"
    return told.telling.page.format(event)
