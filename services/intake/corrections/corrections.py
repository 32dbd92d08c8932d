"""Corrections (補正): what the desk asked to mend of an application, and until when (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.intake.applications.applications import Move, locked, move, note
from services.intake.models import Application, Correction
from services.intake.notices import notices
from services.intake.rights.reach import within
from shared.events import CorrectionClosed, CorrectionExpired, CorrectionExtended, CorrectionReminded, CorrectionRequested
from shared.identity.callers import Caller
from shared.problems import NotFound

OfCorrection = CorrectionRequested | CorrectionExtended | CorrectionReminded | CorrectionExpired | CorrectionClosed


def follow(session: Session, events: list[OfCorrection]) -> None:
    """Keep what the desk asked for, and until when. What was sent in meanwhile stays so: the desk will hear of it."""
    applications = locked(session, [event.subject for event in events])
    moves: list[Move] = []
    for event in events:
        application = applications[event.subject]
        if isinstance(event, CorrectionReminded):
            if application.state == "correcting":
                notices.tell(session, "reminded", [(event, event.subject)])
            continue
        changed = _requested(session, event) if isinstance(event, CorrectionRequested) else _changed(session, event)
        # an application that is taken back at this moment stays so
        if changed and application.state in {"in_review", "correcting"}:
            moves.append(_step(application, event))
    note(session, moves)


def _requested(session: Session, event: CorrectionRequested) -> bool:
    new = insert(Correction).values(
        id=event.correction_id,
        application_id=UUID(event.subject),
        items=[item.model_dump() for item in event.items],
        note=event.note,
        asked_at=event.asked_at,
        due_on=event.due_on,
        state="asked",
        version=1,
        entered_by_name="",
    )
    return bool(session.execute(new.on_conflict_do_nothing().returning(col(Correction.id))).first())


def _changed(session: Session, event: CorrectionExtended | CorrectionExpired | CorrectionClosed) -> bool:
    values: dict[str, Any]
    match event:
        case CorrectionExtended():
            values = {"state": "asked", "due_on": event.due_on}
        case CorrectionExpired():
            values = {"state": "expired"}
        case CorrectionClosed():
            values = {"state": "closed"}
    known = col(Correction.state).in_(["asked", "expired"])
    changed = update(Correction).where(col(Correction.id) == event.correction_id, known).values(values)
    return bool(session.execute(changed.returning(col(Correction.id))).first())


def _step(
    application: Application, event: CorrectionRequested | CorrectionExtended | CorrectionExpired | CorrectionClosed
) -> Move:
    about: dict[str, Any] = {"correction": str(event.correction_id)}
    match event:
        case CorrectionRequested():
            about |= {"what": "asked", "due_on": event.due_on.isoformat(), "note": event.note}
            return move(application, "correcting", event.asked_at, **about)
        case CorrectionExtended():
            return move(application, "correcting", event.time, **about, what="extended", due_on=event.due_on.isoformat())
        case CorrectionExpired():
            return move(application, "correcting", event.time, **about, what="expired", due_on=event.due_on.isoformat())
        case CorrectionClosed():
            return move(application, "in_review", event.time, **about, what="closed", note=event.note)


def end(session: Session, ids: Sequence[str]) -> None:
    """A decided or withdrawn application has nothing to mend any more."""
    of_these = col(Correction.application_id).in_([UUID(one) for one in ids])
    open_ = col(Correction.state).in_(["asked", "expired"])
    session.execute(update(Correction).where(of_these, open_).values(state="closed"))


def every(session: Session, application_id: UUID) -> dict[str, Correction]:
    """The corrections of an application by id, the newest last."""
    query = select(Correction).where(Correction.application_id == application_id)
    found = session.exec(query.order_by(col(Correction.asked_at), col(Correction.id)))
    return {str(one.id): one for one in found}


def shown(
    session: Session, caller: Caller, application_id: UUID, *, lock: bool = False, correction_id: UUID | None = None
) -> tuple[Application, Correction]:
    """The newest correction of an application that the caller reaches, or the one named. Raises NotFound."""
    query = select(Application).where(Application.id == application_id, within(session, caller, Application))
    application = session.exec(query.with_for_update() if lock else query).first()
    if application is None:
        raise NotFound("No application of your organisation has the id {id}", id=application_id)
    found = every(session, application_id)
    correction = found.get(str(correction_id)) if correction_id else next(reversed(found.values()), None)
    if correction is None:
        raise NotFound("No such correction was asked for of this application")
    return application, correction
