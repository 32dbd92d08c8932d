"""Who is told what of a correction: the applicant that it is asked for, near, over or not wanted; both, what came of it.

Of a change that an official made himself, the applicant.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.notify.telling.drafts import Draft
from shared.events import (
    ApplicationCorrected,
    CaseCorrected,
    CaseEdited,
    Contact,
    CorrectionClosed,
    CorrectionExpired,
    CorrectionExtended,
    CorrectionReminded,
    CorrectionRequested,
    Official,
)
from shared.i18n import message, show_date, show_time, translate

OfCorrection = (
    ApplicationCorrected
    | CaseCorrected
    | CaseEdited
    | CorrectionRequested
    | CorrectionExtended
    | CorrectionReminded
    | CorrectionExpired
    | CorrectionClosed
)
_LATE = message("The case was decided before this came; the decision stands on the contents before.")


def of_correction(event: OfCorrection, title: Mapping[str, str]) -> list[Draft]:
    """The messages that an event about a correction calls for. What is to be mended stands on the page, not in the mail."""
    match event:
        case ApplicationCorrected(contact=to):
            more = {"receipt_number": event.receipt_number, "corrected_at": show_time(event.corrected_at, to.language)}
            return [_to_applicant(to, "corrected", event.subject, title, more)]
        case CaseEdited(contact=to):
            more = {"arrival_number": event.arrival_number}
            return [_to_applicant(to, "edited", event.subject, title, more)]
        case CaseCorrected(official=official):
            late = translate(_LATE, "ja") if event.late else ""
            return _to_official(official, "case-corrected", event, title, {"late": f"\n{late}\n" if late else ""})
    to = event.contact
    more = {"arrival_number": event.arrival_number, "due_on": show_date(event.due_on, to.language)}
    match event:
        case CorrectionClosed():
            more["note"] = f"\n{event.note}\n" if event.note else ""
            return [_to_applicant(to, "correction-closed", event.subject, title, more)]
        case CorrectionExpired(official=official):
            due = {"due_on": show_date(event.due_on, "ja")}
            return [
                _to_applicant(to, "correction-expired", event.subject, title, more),
                *_to_official(official, "case-correction-expired", event, title, due),
            ]
    template = {
        CorrectionRequested: "correction-requested",
        CorrectionExtended: "correction-extended",
        CorrectionReminded: "correction-reminded",
    }[type(event)]
    return [_to_applicant(to, template, f"{event.subject}/correction", title, more)]


def _to_applicant(to: Contact, template: str, page: str, title: Mapping[str, str], more: Mapping[str, str]) -> Draft:
    procedure = title.get(to.language) or title["ja"]
    return Draft(to, template, {"procedure": procedure, "path": f"/applications/{page}", **more})


def _to_official(
    official: Official | None,
    template: str,
    event: CaseCorrected | CorrectionExpired,
    title: Mapping[str, str],
    more: Mapping[str, str],
) -> list[Draft]:
    if official is None:
        return []
    filling = {"procedure": title["ja"], "arrival_number": event.arrival_number, "path": f"/desk/cases/{event.case_id}", **more}
    return [Draft(Contact(name=official.name, email=official.email), template, filling)]
