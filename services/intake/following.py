"""An application follows its case: what the desk does, the applicant sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.intake.applications.applications import Move, expect, locked, move, note, purged
from services.intake.applications.withdrawal import withdrawn
from services.intake.corrections import corrections
from services.intake.documents import documents
from services.intake.edits import edits
from services.intake.messages import messages
from shared.bus.publish import publish
from shared.events import (
    CaseDecided,
    CaseEdited,
    CaseOpened,
    CaseRescheduled,
    CaseWithdrawn,
    Event,
)

_STATE_OF_DECISION = {"approve": "approved", "refuse": "refused", "accept": "accepted"}

OfCase = CaseOpened | CaseDecided | CaseWithdrawn


def follow_case(
    session: Session,
    events: list[OfCase | CaseRescheduled | CaseEdited | corrections.OfCorrection | messages.Heard | documents.Heard],
) -> None:
    """Show the applicant what the desk does: the review began, something is to be mended or read, or it ended.

    What comes late, such as a dead letter that is replayed, makes nothing of an application that was purged.
    """
    gone = purged(session, {about for event in events if (about := _about(event)) is not None})
    events = [event for event in events if _about(event) not in gone]
    if of_case := [event for event in events if isinstance(event, OfCase)]:
        _follow(session, of_case)
    if rescheduled := [event for event in events if isinstance(event, CaseRescheduled)]:
        expect(session, {event.subject: event.due_on for event in rescheduled})
    if of_correction := [event for event in events if isinstance(event, corrections.OfCorrection)]:
        corrections.follow(session, of_correction)
    if edited := [event for event in events if isinstance(event, CaseEdited)]:
        edits.take(session, edited)
    if of_message := [event for event in events if isinstance(event, messages.Heard)]:
        messages.hear(session, of_message)
    if of_document := [event for event in events if isinstance(event, documents.Heard)]:
        documents.hear(session, of_document)


def _about(event: Event) -> UUID | None:
    """The application that an event is about, where it says so."""
    if event.type.startswith(("case.", "correction.")):
        return UUID(event.subject)
    about: UUID | None = getattr(event, "application_id", None)
    return about


def _follow(session: Session, events: list[OfCase]) -> None:
    applications = locked(session, [event.subject for event in events], whole=isinstance(events[0], CaseWithdrawn))
    moves: list[Move] = []
    told: list[Event] = []
    for event in events:
        application = applications[event.subject]
        if isinstance(event, CaseOpened):
            if application.state != "withdrawing":  # asked for before we heard of the case: the desk will answer
                moves.append(move(application, "in_review", event.time, office=event.group_title, expected=event.due_on))
        elif isinstance(event, CaseWithdrawn):
            moves.append(move(application, "withdrawn", event.withdrawn_at))
            told.append(withdrawn(application, moves[-1], event.traceparent))
        else:
            state = "partly_approved" if event.partly else _STATE_OF_DECISION[event.decision]
            decided: dict[str, Any] = {"reasons": event.reasons, "appeal": event.appeal, "revision": event.revision}
            decided |= {"amount": event.amount, "conditions": event.conditions, "criteria": event.criteria}
            moves.append(move(application, state, event.decided_at, **decided))
    if not isinstance(events[0], CaseOpened):
        corrections.end(session, [event.subject for event in events])
    note(session, moves)
    publish(session, *told)
