"""Who is told what about a document: that it can be fetched, that nobody has, that it is revoked, that paper is due."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import Contact, DocumentEnded, DocumentIssued, DocumentReminded, DocumentUnfetched

OfDocument = DocumentIssued | DocumentEnded | DocumentReminded | DocumentUnfetched


def of_document(event: OfDocument, title: Mapping[str, str]) -> list[Draft]:
    """The mails about a document: to the applicant's contact, or to the official. What it says stays on the page."""
    if isinstance(event, DocumentUnfetched):
        if event.official is None:
            return []
        to, path = (
            Contact(name=event.official.name, email=event.official.email),
            f"/desk/cases/{event.case_id}/documents/{event.subject}",
        )
    else:
        to, path = event.contact, f"/applications/{event.application_id}"
    template = {"document.issued.v1": "document", "document.ended.v1": "document-ended"}.get(event.type)
    template = template or {"document.reminded.v1": "document-reminded"}.get(event.type, "document-unfetched")
    if isinstance(event, DocumentIssued) and not event.key:  # an older desk: there is nothing to fetch yet
        return []
    if isinstance(event, DocumentEnded) and event.replaced_by:  # the one that replaces it is told of
        return []
    filling = {"procedure": title.get(to.language) or title["ja"], "arrival_number": event.arrival_number, "path": path}
    if not isinstance(event, DocumentIssued):
        filling |= {"number": event.number}
    return [Draft(to, template, filling)]
