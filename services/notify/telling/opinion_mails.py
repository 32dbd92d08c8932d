"""Opinions by mail: who is asked gets his way to the page, the official hears what became of it. The texts stay there."""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import OpinionAnswered, OpinionAsked, OpinionExpired, OpinionReminded, OpinionWithdrawn
from shared.i18n import show_date

OfOpinion = OpinionAsked | OpinionReminded | OpinionWithdrawn | OpinionAnswered | OpinionExpired


def of_opinion(event: OfOpinion, title: Mapping[str, str]) -> list[Draft]:
    """The one mail about an opinion."""
    to = event.contact
    filling = {
        "procedure": title.get(to.language) or title["ja"],
        "due_on": show_date(event.due_on, to.language),
        "path": event.path,
    }
    match event:
        case OpinionAsked() | OpinionReminded():
            if event.link_id is not None:
                filling["link_id"] = str(event.link_id)
            template = "opinion-asked" if isinstance(event, OpinionAsked) else "opinion-reminded"
            return [Draft(to, template, {**filling, "asked_by": event.asked_by})]
        case OpinionWithdrawn():
            return [Draft(to, "opinion-withdrawn", {**filling, "asked_by": event.asked_by})]
    template = "opinion-expired" if isinstance(event, OpinionExpired) else "opinion-answered"
    return [Draft(to, template, {**filling, "arrival_number": event.arrival_number, "asked": event.name})]
