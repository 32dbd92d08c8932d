"""Who is told what: for each kind of event, the messages it makes. To read this table is to know what the post writes.

What a message is filled with is named with it, or with its kind in shared/procedure/messages.py: nothing more of a case gets
into it. A procedure may say otherwise (`messages:`), within what its kind allows.
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
from shared.procedure.messages import KINDS

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
    `disposition`: the notice of one (処分通知等), which goes electronically only to who wants that (デジタル手続法7条1項).
    `unless` the event says that there is nothing to tell.
    """

    kind: str
    to: Callable[[Any], Iterable[Person]]
    page: str
    names: tuple[str, ...]
    urgent: bool = False
    by_law: bool = False
    disposition: bool = False
    unless: Callable[[Any], object] = lambda _: False


def _table(*rows: tuple[type[Event], Telling]) -> dict[type[Event], list[Telling]]:
    table: dict[type[Event], list[Telling]] = {}
    for event, telling in rows:
        table.setdefault(event, []).append(telling)
    return table


_LINK = ("expires_at", "link_id")
_ASKED = ("due_on", "asked_by", "link_id")
_ANSWERED = ("due_on", "arrival_number", "asked")


def _of(kind: str, to: Callable[[Any], Iterable[Person]], page: str, **more: Any) -> Telling:
    """A message of a procedure: what it is filled with stands with its kind (shared.procedure.messages)."""
    return Telling(kind, to, page, KINDS[kind].names, by_law=KINDS[kind].by_law, **more)


def _not_by_post(event: Any) -> bool:
    return not event.contact.by_post


def _nothing_to_fetch(event: events.DocumentIssued) -> bool:
    return not event.key or event.contact.by_post


TOLD = _table(
    # the application
    (events.ApplicationArrived, _of("arrived", applicant, _APPLICATION)),
    (events.ApplicationReturned, _of("returned", applicant, _APPLICATION)),
    (events.ApplicationWithdrawn, _of("withdrawn", applicant, _APPLICATION)),
    (events.ApplicationCorrected, _of("corrected", applicant, _APPLICATION)),
    (events.CaseDecided, _of("decided", applicant, _APPLICATION, disposition=True)),
    (events.CaseDecided, _of("decided-by-post", applicant, _APPLICATION, unless=_not_by_post)),
    (events.CaseEdited, _of("edited", applicant, _APPLICATION)),
    # the case, at the desk; who must not see it any more is told without a way to it
    (events.CaseOpened, _of("case-opened", official, _CASE)),
    (events.CaseAssigned, _of("case-assigned", new_official, _CASE)),
    (events.CaseAssigned, _of("case-handed-over", former_official, "/desk")),
    (events.CaseAwaiting, _of("case-awaiting", awaited, _CASE)),
    (events.CaseDueSoon, _of("case-due-soon", official, _CASE)),
    (events.CaseDueSoon, _of("case-due-soon", managers, _CASE)),
    (events.CaseOverdue, _of("case-overdue", official, _CASE)),
    (events.CaseOverdue, _of("case-overdue", managers, _CASE)),
    (events.CaseWithdrawn, _of("case-withdrawn", official, _CASE)),
    (events.CaseCorrected, _of("case-corrected", official, _CASE)),
    (events.NoteMentioned, _of("note-mentioned", official, _CASE + "/notes#note-{0.subject}")),
    # corrections; what is to be mended stands on the page
    (events.CorrectionRequested, _of("correction-requested", applicant, _CORRECTION)),
    (events.CorrectionExtended, _of("correction-extended", applicant, _CORRECTION)),
    (events.CorrectionReminded, _of("correction-reminded", applicant, _CORRECTION)),
    (events.CorrectionExpired, _of("correction-expired", applicant, _APPLICATION)),
    (events.CorrectionExpired, _of("case-correction-expired", official, _CASE)),
    (events.CorrectionClosed, _of("correction-closed", applicant, _APPLICATION)),
    # what applicant and office write to each other; the text stays on the page
    (events.MessageToApplicant, _of("message", applicant, _OF_APPLICATION + "/messages")),
    (events.MessageTaken, _of("message", official, _CASE + "/messages")),
    # documents; an older desk issued them before there was anything to fetch. Of one that is replaced, the new one is told
    (events.DocumentIssued, _of("document", applicant, _OF_APPLICATION, unless=_nothing_to_fetch)),
    (events.DocumentIssued, _of("document-by-post", applicant, _OF_APPLICATION, unless=_not_by_post)),
    (
        events.DocumentEnded,
        _of("document-ended", applicant, _OF_APPLICATION, disposition=True, unless=lambda event: event.replaced_by),
    ),
    (events.DocumentReminded, _of("document-reminded", applicant, _OF_APPLICATION)),
    (events.DocumentUnfetched, _of("document-unfetched", official, _CASE + "/documents/{0.subject}")),
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
