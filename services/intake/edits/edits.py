"""Entries that the office changed (docs/adr/0014): a new revision of the contents, which the applicant sees with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from services.intake.applications.applications import Move, contents, locked, move, note
from services.intake.models import Revision
from shared.events import CaseEdited


def take(session: Session, events: Sequence[CaseEdited]) -> None:
    """Record what the office changed, each once, and tell the organisation."""
    applications = locked(session, [event.subject for event in events], whole=True)
    moves: list[Move] = []
    for event in events:
        application = applications[event.subject]
        if event.revision <= application.revision:
            continue  # it is here already
        answers = dict(contents(session, application))
        for key in event.before.keys() - event.after.keys():
            answers.pop(key, None)
        session.add(
            Revision(
                application_id=application.id,
                number=event.revision,
                answers=answers | event.after,
                account_name=event.author,
                at=event.edited_at,
                reason=event.reason,
            )
        )
        application.revision = event.revision
        if application.state == "in_review":  # one that is taken back at this moment stays so
            step = move(application, "in_review", event.edited_at, what="edited", revision=event.revision, note=event.reason)
            moves.append(step)
    session.flush()
    note(session, moves)
