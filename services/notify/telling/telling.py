"""Who is told what of an event. One message for (event, channel, recipient), whatever is replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlmodel import Session

from services.notify.models import Message
from services.notify.procedures import titles_of
from services.notify.telling.assignment_mails import of_assignment
from services.notify.telling.clock_mails import OfClock, of_clock
from services.notify.telling.correction_mails import OfCorrection, of_correction
from services.notify.telling.document_mails import OfDocument, of_document
from services.notify.telling.drafts import Draft
from services.notify.telling.message_mails import OfMessage, of_message
from services.notify.telling.opinion_mails import OfOpinion, of_opinion
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.events import (
    ApplicationArrived,
    ApplicationReturned,
    ApplicationWithdrawn,
    CaseAssigned,
    CaseDecided,
    CaseOpened,
    CaseWithdrawn,
    Contact,
    Event,
    InvitationSent,
    MandateOffered,
    ProcedureRef,
    RegistrationRequested,
    SignInRequested,
)
from shared.i18n import Language, message, show_date, show_time, translate

# The queue of the errand that sends what waits for e-mail (services.notify.sending).
POST = "post"
_IN_PART = message("Approved in part")
_DECISIONS = {"approve": message("Approved"), "refuse": message("Refused"), "accept": message("Accepted")}

# What has nothing to do with a procedure.
OfIdentity = SignInRequested | RegistrationRequested | InvitationSent | MandateOffered
Telling = (
    ApplicationArrived
    | ApplicationReturned
    | ApplicationWithdrawn
    | CaseOpened
    | CaseDecided
    | CaseWithdrawn
    | CaseAssigned
    | OfClock
    | OfCorrection
    | OfMessage
    | OfDocument
    | OfOpinion
    | OfIdentity
)


def tell(session: Session, events: list[Telling]) -> None:
    """Write the messages that these events call for; they are sent after the commit."""
    titles = titles_of(session, (event.procedure.id for event in events if not isinstance(event, OfIdentity)))
    rows = [_row(event, draft) for event in events for draft in _drafts(event, titles)]
    if rows:
        insert_many(session, Message, rows)
        ring_after_commit(session, POST)


# What has a module of its own: the kind of event, and who writes its drafts.
_WRITERS: tuple[tuple[Any, Callable[[Any, Mapping[str, str]], list[Draft]]], ...] = (
    (OfClock, of_clock),
    (OfCorrection, of_correction),
    (OfMessage, of_message),
    (OfOpinion, of_opinion),
    (CaseAssigned, of_assignment),
    (OfDocument, of_document),
)


def _drafts(event: Telling, titles: dict[str, dict[str, str]]) -> list[Draft]:
    for kind, write in _WRITERS:
        if isinstance(event, kind):
            return write(event, titles[event.procedure.id])
    draft = _draft(event, titles)
    return [draft] if draft else []


def _draft(event: Telling, titles: dict[str, dict[str, str]]) -> Draft | None:
    def title(ref: ProcedureRef, language: Language) -> str:
        return titles[ref.id].get(language) or titles[ref.id]["ja"]

    if isinstance(event, OfIdentity):
        return _of_identity(event)
    draft: Draft | None = None
    match event:
        case ApplicationArrived(contact=to):
            filling = {
                "procedure": title(event.procedure, to.language),
                "receipt_number": event.receipt_number,
                "arrival_number": event.arrival_number,
                "arrived_at": show_time(event.arrived_at, to.language),
                "path": f"/applications/{event.subject}",
            }
            draft = Draft(to, "arrived", filling)
        case ApplicationReturned(contact=to):
            mends = "\n".join(f"- {mend.ja if to.language == 'ja' else mend.en}" for mend in event.mends)
            filling = {
                "procedure": title(event.procedure, to.language),
                "receipt_number": event.receipt_number,
                "mends": mends,
                "path": f"/applications/{event.subject}",
            }
            draft = Draft(to, "returned", filling)
        case CaseOpened(official=official) if official is not None:
            filling = {
                "procedure": title(event.procedure, "ja"),
                "arrival_number": event.arrival_number,
                "group": event.group_title,
                "path": f"/desk/cases/{event.case_id}",
            }
            draft = Draft(Contact(name=official.name, email=official.email), "case-opened", filling)
        case ApplicationWithdrawn(contact=to):
            filling = {
                "procedure": title(event.procedure, to.language),
                "receipt_number": event.receipt_number,
                "withdrawn_at": show_time(event.withdrawn_at, to.language),
                "path": f"/applications/{event.subject}",
            }
            draft = Draft(to, "withdrawn", filling)
        case CaseWithdrawn(official=official) if official is not None:
            filling = {
                "procedure": title(event.procedure, "ja"),
                "arrival_number": event.arrival_number,
                "withdrawn_at": show_time(event.withdrawn_at, "ja"),
                "reason": f"\n{event.reason}\n" if event.reason else "",
                "path": f"/desk/cases/{event.case_id}",
            }
            draft = Draft(Contact(name=official.name, email=official.email), "case-withdrawn", filling)
        case CaseDecided(contact=to):
            reasons = "\n\n".join(_grounds(event))
            filling = {
                "procedure": title(event.procedure, to.language),
                "arrival_number": event.arrival_number,
                "decision": translate(_IN_PART if event.partly else _DECISIONS[event.decision], to.language),
                "decided_at": show_date(event.decided_at, to.language),
                "reasons": f"\n{reasons}\n" if reasons else "",
                "path": f"/applications/{event.subject}",
            }
            draft = Draft(to, "decided", filling)
    return draft


def _grounds(event: CaseDecided) -> Iterator[str]:
    """What a decision says besides its result: amount, conditions, criteria, reasons, how to appeal."""
    language = event.contact.language
    if event.amount is not None:
        yield translate(message("Amount granted: {amount} yen"), language, amount=f"{event.amount:,}")
    if event.conditions:
        lines = "\n".join(f"{number}. {one}" for number, one in enumerate(event.conditions, start=1))
        yield translate(message("Conditions:"), language) + "\n" + lines
    if event.criteria:
        lines = "\n".join(f"- {one}" for one in event.criteria)
        yield translate(message("Criteria that are not met:"), language) + "\n" + lines
    yield from (text for text in (event.reasons, event.appeal) if text)


def _of_identity(event: OfIdentity) -> Draft:
    to = event.contact
    match event:
        case SignInRequested() | RegistrationRequested():
            filling = {"expires_at": show_time(event.expires_at, to.language), "link_id": str(event.link_id)}
            template = "sign-in" if isinstance(event, SignInRequested) else "register"
            return Draft(to, template, filling | {"path": event.path})
        case InvitationSent():
            filling = {"expires_at": show_time(event.expires_at, to.language), "link_id": str(event.link_id)}
            names = {"organisation": event.organisation, "invited_by": event.invited_by}
            return Draft(to, "invitation", filling | names | {"path": event.path})
        case MandateOffered():
            days = {"starts_on": event.starts_on, "ends_on": event.ends_on}
            filling = {name: show_date(day, to.language) for name, day in days.items()}
            return Draft(to, "mandate-offered", filling | {"principal": event.principal, "path": event.path})


def _row(event: Event, draft: Draft) -> dict[str, Any]:
    return {
        "id": new_id(),
        "event_id": event.id,
        "subject": event.subject,
        "channel": "email",
        "template": draft.template,
        "language": draft.to.language,
        "recipient": draft.to.email,
        "filling": {"name": draft.to.name, **draft.filling},
        "state": "created",
        "attempts": 0,
        "traceparent": event.traceparent,
    }
