"""Who is told what: for each kind of event, the messages it makes. To read this table is to know what the post writes.

What a message is filled with is named here and nowhere else: nothing more of a case gets into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from services.notify.telling.people import (
    Person,
    applicant,
    asked,
    awaited,
    former_official,
    managers,
    new_official,
    official,
    official_asking,
    person,
)
from shared import events
from shared.events import Event

_APPLICATION = "/applications/{0.subject}"
_CORRECTION = "/applications/{0.subject}/correction"
_OF_APPLICATION = "/applications/{0.application_id}"
_CASE = "/desk/cases/{0.case_id}"
_AS_IT_SAYS = "{0.path}"


@dataclass(frozen=True)
class Telling:
    """One message that an event makes for each of the people `to` finds.

    `kind` is the key of its template, `page` where its link leads, `names` what it is filled with (fillings.py says with what).
    `urgent`: somebody waits for it with an open page, or it has a link that ends. `by_law`: a notice that the law wants given.
    `unless` the event says that there is nothing to tell.
    """

    kind: str
    to: Callable[[Any], Iterable[Person]]
    page: str
    names: tuple[str, ...]
    urgent: bool = False
    by_law: bool = False
    unless: Callable[[Any], object] = lambda _: False


def _table(*rows: tuple[type[Event], Telling]) -> dict[type[Event], list[Telling]]:
    table: dict[type[Event], list[Telling]] = {}
    for event, telling in rows:
        table.setdefault(event, []).append(telling)
    return table


_CASE_NAMES = ("arrival_number", "group")
_ASSIGNED = (*_CASE_NAMES, "official", "note")
_CLOCK = (*_CASE_NAMES, "official", "due_on")
_DUE = ("arrival_number", "due_on")
_DOCUMENT = ("arrival_number", "number")
_DECISION = (
    *("arrival_number", "decision", "decided_at", "amount", "has_conditions", "conditions"),
    *("has_criteria", "criteria", "reasons", "appeal"),
)
_LINK = ("expires_at", "link_id")
_ASKED = ("due_on", "asked_by", "link_id")
_ANSWERED = ("due_on", "arrival_number", "asked")

TOLD = _table(
    # the application
    (
        events.ApplicationArrived,
        Telling("arrived", applicant, _APPLICATION, ("receipt_number", "arrival_number", "arrived_at")),
    ),
    (events.ApplicationReturned, Telling("returned", applicant, _APPLICATION, ("receipt_number", "mends"), by_law=True)),
    (events.ApplicationWithdrawn, Telling("withdrawn", applicant, _APPLICATION, ("receipt_number", "withdrawn_at"))),
    (events.ApplicationCorrected, Telling("corrected", applicant, _APPLICATION, ("receipt_number", "corrected_at"))),
    (
        events.CaseDecided,
        Telling("decided", applicant, _APPLICATION, _DECISION, by_law=True),
    ),
    (events.CaseEdited, Telling("edited", applicant, _APPLICATION, ("arrival_number",))),
    # the case, at the desk; who must not see it any more is told without a way to it
    (events.CaseOpened, Telling("case-opened", official, _CASE, _CASE_NAMES)),
    (events.CaseAssigned, Telling("case-assigned", new_official, _CASE, _ASSIGNED)),
    (events.CaseAssigned, Telling("case-handed-over", former_official, "/desk", _ASSIGNED)),
    (events.CaseAwaiting, Telling("case-awaiting", awaited, _CASE, (*_CASE_NAMES, "stage", "by"))),
    (events.CaseDueSoon, Telling("case-due-soon", official, _CASE, _CLOCK)),
    (events.CaseDueSoon, Telling("case-due-soon", managers, _CASE, _CLOCK)),
    (events.CaseOverdue, Telling("case-overdue", official, _CASE, _CLOCK)),
    (events.CaseOverdue, Telling("case-overdue", managers, _CASE, _CLOCK)),
    (events.CaseWithdrawn, Telling("case-withdrawn", official, _CASE, ("arrival_number", "withdrawn_at", "reason"))),
    (events.CaseCorrected, Telling("case-corrected", official, _CASE, ("arrival_number", "late"))),
    (
        events.NoteMentioned,
        Telling("note-mentioned", official, _CASE + "/notes#note-{0.subject}", ("arrival_number", "author")),
    ),
    # corrections; what is to be mended stands on the page
    (events.CorrectionRequested, Telling("correction-requested", applicant, _CORRECTION, _DUE, by_law=True)),
    (events.CorrectionExtended, Telling("correction-extended", applicant, _CORRECTION, _DUE, by_law=True)),
    (events.CorrectionReminded, Telling("correction-reminded", applicant, _CORRECTION, _DUE)),
    (events.CorrectionExpired, Telling("correction-expired", applicant, _APPLICATION, _DUE)),
    (events.CorrectionExpired, Telling("case-correction-expired", official, _CASE, _DUE)),
    (events.CorrectionClosed, Telling("correction-closed", applicant, _APPLICATION, ("arrival_number", "note"))),
    # what applicant and office write to each other; the text stays on the page
    (events.MessageToApplicant, Telling("message", applicant, _OF_APPLICATION + "/messages", ("arrival_number",))),
    (events.MessageTaken, Telling("message", official, _CASE + "/messages", ("arrival_number",))),
    # documents; an older desk issued them before there was anything to fetch. Of one that is replaced, the new one is told
    (
        events.DocumentIssued,
        Telling("document", applicant, _OF_APPLICATION, ("arrival_number",), by_law=True, unless=lambda event: not event.key),
    ),
    (
        events.DocumentEnded,
        Telling("document-ended", applicant, _OF_APPLICATION, _DOCUMENT, by_law=True, unless=lambda event: event.replaced_by),
    ),
    (events.DocumentReminded, Telling("document-reminded", applicant, _OF_APPLICATION, _DOCUMENT)),
    (
        events.DocumentUnfetched,
        Telling("document-unfetched", official, _CASE + "/documents/{0.subject}", _DOCUMENT),
    ),
    # opinions: who is asked gets the way to the page, the official hears what became of it
    (events.OpinionAsked, Telling("opinion-asked", asked, _AS_IT_SAYS, _ASKED)),
    (events.OpinionReminded, Telling("opinion-reminded", asked, _AS_IT_SAYS, _ASKED)),
    (events.OpinionWithdrawn, Telling("opinion-withdrawn", asked, _AS_IT_SAYS, ("due_on", "asked_by"))),
    (events.OpinionAnswered, Telling("opinion-answered", official_asking, _AS_IT_SAYS, _ANSWERED)),
    (events.OpinionExpired, Telling("opinion-expired", official_asking, _AS_IT_SAYS, _ANSWERED)),
    # people and their organisations
    (events.SignInRequested, Telling("sign-in", person, _AS_IT_SAYS, _LINK, urgent=True)),
    (events.RegistrationRequested, Telling("register", person, _AS_IT_SAYS, _LINK, urgent=True)),
    (
        events.InvitationSent,
        Telling("invitation", person, _AS_IT_SAYS, (*_LINK, "organisation", "invited_by"), urgent=True),
    ),
    (events.MandateOffered, Telling("mandate-offered", person, _AS_IT_SAYS, ("principal", "starts_on", "ends_on"))),
)
