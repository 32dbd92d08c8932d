"""The applicant is told that a document was issued: it is fetched from the page."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.drafts import Draft
from shared.events import DocumentIssued


def of_document(event: DocumentIssued, title: Mapping[str, str]) -> list[Draft]:
    """The notice of a document, to the applicant's contact."""
    filling = {
        "procedure": title.get(event.contact.language) or title["ja"],
        "arrival_number": event.arrival_number,
        "path": f"/applications/{event.application_id}",
    }
    return [Draft(event.contact, "document", filling)]
