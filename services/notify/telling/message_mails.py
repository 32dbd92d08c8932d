"""Who is told that there is a message: its text stays on the page."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import Contact, MessageTaken, MessageToApplicant, NoteMentioned

OfMessage = MessageToApplicant | MessageTaken | NoteMentioned


def of_message(event: OfMessage, title: Mapping[str, str]) -> list[Draft]:
    """The notice of a message, to the applicant's contact or the official; of an internal note, to who is mentioned in it."""
    if isinstance(event, NoteMentioned):
        told = Contact(name=event.official.name, email=event.official.email)
        path = f"/desk/cases/{event.case_id}/notes#note-{event.subject}"
        more = {"arrival_number": event.arrival_number, "author": event.author, "path": path}
        return [Draft(told, "note-mentioned", {"procedure": title["ja"], **more})]
    if isinstance(event, MessageToApplicant):
        to, path = event.contact, f"/applications/{event.application_id}/messages"
    elif event.official is not None:
        to, path = Contact(name=event.official.name, email=event.official.email), f"/desk/cases/{event.case_id}/messages"
    else:
        return []
    procedure = title.get(to.language) or title["ja"]
    return [Draft(to, "message", {"procedure": procedure, "arrival_number": event.arrival_number, "path": path})]
