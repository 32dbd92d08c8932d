"""A case follows its application: what the applicant does, the desk hears, in its order."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from services.review.cases.opening import open_case
from services.review.corrections import revisions
from services.review.decisions.withdrawals import close_case
from services.review.documents import documents
from services.review.messages import messages
from services.review.models import Purged
from shared.events import (
    ApplicationArrived,
    ApplicationCorrected,
    DocumentFetched,
    MessageReadByApplicant,
    MessageToOffice,
    WithdrawalAsked,
)

Heard = ApplicationArrived | ApplicationCorrected | WithdrawalAsked | MessageToOffice | MessageReadByApplicant | DocumentFetched


def follow_application(session: Session, events: list[Heard]) -> None:
    """Open cases for what arrived, take what was mended or written, close what is withdrawn.

    What comes late, such as a dead letter that is replayed, makes nothing of an application that was purged.
    """
    about = {event.id: _about(event) for event in events}
    asked = select(Purged.application_id).where(col(Purged.application_id).in_([one for one in about.values() if one]))
    gone = set(session.exec(asked))
    events = [event for event in events if about[event.id] not in gone]
    if arrivals := [event for event in events if isinstance(event, ApplicationArrived)]:
        open_case(session, arrivals)
    if corrected := [event for event in events if isinstance(event, ApplicationCorrected)]:
        revisions.take(session, corrected)
    if askings := [event for event in events if isinstance(event, WithdrawalAsked)]:
        close_case(session, askings)
    if written := [event for event in events if isinstance(event, MessageToOffice)]:
        messages.take(session, written)
    if read := [event for event in events if isinstance(event, MessageReadByApplicant)]:
        messages.seen(session, read)
    if fetched := [event for event in events if isinstance(event, DocumentFetched)]:
        documents.note_fetched(session, fetched)


def _about(event: Heard) -> UUID | None:
    """The application that an event is about, where it says so."""
    if isinstance(event, ApplicationArrived | ApplicationCorrected | WithdrawalAsked):
        return UUID(event.subject)
    return None if isinstance(event, MessageReadByApplicant) else event.application_id
