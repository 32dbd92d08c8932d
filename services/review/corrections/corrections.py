"""Corrections (補正, 行政手続法7条): asking the applicant to mend, until when, and what came (docs/adr/0012).

The row of the case is where a correction, a withdrawal, a decision and what the applicant sends in meet: each locks it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.cases.cases import parties_of, ref_of
from services.review.cases.moves import acting
from services.review.clock import clock
from services.review.models import Case, Correction
from services.review.procedures import version
from shared.bus.publish import publish
from shared.database import new_id
from shared.events import (
    Contact,
    CorrectionClosed,
    CorrectionExtended,
    CorrectionItem,
    CorrectionRequested,
)
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.changes import places
from shared.validation import text_errors
from shared.workdays import today

MOST_ITEMS = 100
SAYS_LIMIT, NOTE_LIMIT = 1000, 2000
LONGEST = timedelta(days=365)
REMIND = timedelta(days=3)  # before the last day


def default_due(session: Session, case: Case) -> date:
    """The last day that the procedure gives for a correction that is asked for today."""
    return today() + timedelta(days=version(session, ref_of(case)).review.correction_period)


def of_case(session: Session, case: Case) -> Sequence[Correction]:
    """The corrections of a case, in their order."""
    return session.exec(select(Correction).where(Correction.case_id == case.id).order_by(col(Correction.asked_at))).all()


def open_one(session: Session, case: Case) -> Correction | None:
    """The correction that is asked for at present, or whose last day passed without an answer."""
    query = select(Correction).where(Correction.case_id == case.id, col(Correction.state).in_(["asked", "expired"]))
    return session.exec(query).first()


def ask(
    session: Session,
    caller: Caller,
    case_id: UUID,
    items: Sequence[tuple[str, str]],
    *,
    note: str = "",
    due_on: date | None = None,
) -> Correction:
    """Ask the applicant to mend these places (JSON Pointer, what to do). Raises NotFound, Conflict, Invalid."""
    case = acting(session, caller, case_id, "ask-correction")
    last = due_on or default_due(session, case)
    _must_fit(session, case, items, note, last)
    now = datetime.now(UTC)
    correction = Correction(
        id=new_id(),
        case_id=case.id,
        items=[{"pointer": pointer, "says": says.strip()} for pointer, says in items],
        note=note.strip(),
        asked_at=now,
        asked_by=caller.account_id,
        asked_by_name=caller.name,
        due_on=last,
        reminded_at=_soon(last),
    )
    session.add(correction)
    case.state = "correcting"
    clock.stop(session, case, now)
    tell(
        session,
        case,
        CorrectionRequested(
            **about(case, correction),
            asked_at=now,
            items=[CorrectionItem(**item) for item in correction.items],
            note=correction.note,
        ),
    )
    return correction


def _must_fit(session: Session, case: Case, items: Sequence[tuple[str, str]], note: str, due_on: date) -> None:
    known = {one.pointer for one in places(version(session, ref_of(case)), case.answers, "ja", today=today())}
    errors: list[FieldError] = []
    if not 1 <= len(items) <= MOST_ITEMS:
        errors.append(FieldError("/items", "Pick 1 to {most} items", {"most": MOST_ITEMS}))
    seen: set[str] = set()
    for number, (pointer, says) in enumerate(items[:MOST_ITEMS]):
        if pointer not in known or pointer in seen:
            errors.append(FieldError(f"/items/{number}/pointer", "Pick an item of the form that can be mended, once"))
        seen.add(pointer)
        errors += text_errors(f"/items/{number}/says", says, SAYS_LIMIT, needed=True)
    errors += text_errors("/note", note, NOTE_LIMIT)
    errors += _too_soon(due_on)
    if errors:
        raise Invalid("The correction cannot be asked for like this", errors=errors)


def _too_soon(due_on: date) -> list[FieldError]:
    first, last = today() + timedelta(days=1), today() + LONGEST
    if first <= due_on <= last:
        return []
    return [FieldError("/due_on", "Choose a day from {first} to {last}", {"first": str(first), "last": str(last)})]


def _soon(due_on: date) -> datetime | None:
    """A last day so near needs no reminder: it counts as given with the mail that says the day."""
    return datetime.now(UTC) if due_on <= today() + REMIND else None


def extend(session: Session, caller: Caller, case_id: UUID, due_on: date) -> Correction:
    """Give the applicant until another day; also after the last one passed. Raises NotFound, Conflict, Invalid."""
    case, correction = _at_work(session, caller, case_id, "extend-correction")
    if wrong := _too_soon(due_on):
        raise Invalid("The correction cannot be extended like this", errors=wrong)
    correction.due_on, correction.state, correction.reminded_at = due_on, "asked", _soon(due_on)
    session.add(correction)
    clock.stop(session, case, datetime.now(UTC))
    tell(session, case, CorrectionExtended(**about(case, correction)))
    return correction


def close(session: Session, caller: Caller, case_id: UUID, note: str = "") -> Correction:
    """Go on without it: the case is open again. Raises NotFound, Conflict, Invalid."""
    case, correction = _at_work(session, caller, case_id, "close-correction")
    if wrong := text_errors("/note", note, NOTE_LIMIT):
        raise Invalid("The correction cannot be closed like this", errors=wrong)
    correction.state = "closed"
    session.add(correction)
    case.state = "open"
    clock.go_on(session, case, datetime.now(UTC))
    tell(session, case, CorrectionClosed(**about(case, correction), note=note.strip()))
    return correction


def _at_work(session: Session, caller: Caller, case_id: UUID, action: str) -> tuple[Case, Correction]:
    case = acting(session, caller, case_id, action)
    correction = open_one(session, case)
    if correction is None:
        raise Conflict("No correction is asked for at present")
    return case, correction


def about(case: Case, correction: Correction) -> dict[str, Any]:
    """What every event about a correction says, with the case's next number."""
    return {
        "subject": str(case.application_id),
        "sequence": case.version + 1,
        "correction_id": correction.id,
        "case_id": case.id,
        "arrival_number": case.arrival_number,
        "procedure": ref_of(case),
        "group": case.group,
        "parties": parties_of(case),
        "contact": Contact(**case.contact),
        "due_on": correction.due_on,
    }


def tell(session: Session, case: Case, event: Any) -> None:
    """Publish an event about a locked case, and count it."""
    case.version = event.sequence
    session.add(case)
    session.flush()
    publish(session, event)


_OPEN_OF = text("update review.correction set state = 'closed' where case_id = any(:ids) and state in ('asked', 'expired')")


def end(session: Session, cases: Sequence[Case], at: datetime) -> None:
    """These locked cases are decided or withdrawn: what was asked for is not wanted any more."""
    if not cases:
        return
    session.execute(_OPEN_OF, {"ids": [case.id for case in cases]})
    for case in cases:
        clock.end(session, case, at)
