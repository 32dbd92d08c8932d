"""Who is told that the standard period of a case is nearly over, or over: its official, and the managers of its group."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import CaseDueSoon, CaseOverdue, Contact
from shared.i18n import message, show_date, translate

OfClock = CaseDueSoon | CaseOverdue
_NOBODY = message("Nobody yet")


def of_clock(event: OfClock, title: Mapping[str, str]) -> list[Draft]:
    """The messages that the clock of a case calls for, one for each person."""
    filling = {
        "procedure": title["ja"],
        "arrival_number": event.arrival_number,
        "group": event.group_title,
        "official": event.official.name if event.official else translate(_NOBODY, "ja"),
        "due_on": show_date(event.due_on, "ja"),
        "path": f"/desk/cases/{event.case_id}",
    }
    template = "case-overdue" if isinstance(event, CaseOverdue) else "case-due-soon"
    people = [event.official, *event.managers] if event.official else event.managers
    return [Draft(Contact(name=one.name, email=one.email), template, filling) for one in people]
