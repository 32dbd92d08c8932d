"""Who is told that a case went to somebody else: the new official and the one before, but not who did it himself."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import CaseAssigned, Contact, Official


def of_assignment(event: CaseAssigned, title: Mapping[str, str]) -> list[Draft]:
    """The notices to both officials."""
    filling = {
        "procedure": title["ja"],
        "arrival_number": event.arrival_number,
        "group": event.group_title,
        "official": event.official.name if event.official else "―",
        "note": f"\n{event.note}\n" if event.note else "",
    }
    drafts = []
    if event.official and event.official.id != event.by_id:
        drafts.append(Draft(_to(event.official), "case-assigned", filling | {"path": f"/desk/cases/{event.case_id}"}))
    # who must not see the case any more is told without a way to it
    if event.former and event.former.id != event.by_id:
        drafts.append(Draft(_to(event.former), "case-handed-over", filling | {"path": "/desk"}))
    return drafts


def _to(official: Official) -> Contact:
    return Contact(name=official.name, email=official.email)
