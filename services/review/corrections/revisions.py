"""What an applicant sends in for a correction becomes a new revision of the contents (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.cases import turns
from services.review.cases.cases import officials_of, ref_of
from services.review.clock import clock
from services.review.corrections.corrections import tell
from services.review.models import Case, Correction, Revision
from shared.events import ApplicationCorrected, CaseCorrected


def take(session: Session, events: Sequence[ApplicationCorrected]) -> None:
    """Take the contents that applicants sent in: the case has them and is open again, unless it was decided before."""
    found = session.exec(
        select(Case)
        .where(col(Case.application_id).in_([UUID(event.subject) for event in events]))
        .order_by(col(Case.id))
        .with_for_update()
    ).all()
    officials = officials_of(session, found)
    cases = {str(case.application_id): case for case in found}
    for event in events:
        case = cases[event.subject]
        if not _keep(session, case, event):
            continue  # it is here already
        corrected = CaseCorrected(
            subject=event.subject,
            sequence=case.version + 1,
            traceparent=event.traceparent,
            case_id=case.id,
            arrival_number=case.arrival_number,
            procedure=ref_of(case),
            official=officials.get(case.official_id) if case.official_id else None,
            revision=event.revision,
            late=case.state in {"decided", "withdrawn"},
        )
        tell(session, case, corrected)
        note(session, None, "case.corrected", case.id, heard=event.type, revision=event.revision, late=corrected.late)


def _keep(session: Session, case: Case, event: ApplicationCorrected) -> bool:
    """Record a revision; whether it is new. A decided case keeps the contents it was decided on."""
    if event.revision <= case.revision:
        return False
    rows = [{"case_id": case.id, "number": event.revision, "answers": event.answers, "at": event.corrected_at}]
    first = {"case_id": case.id, "number": case.revision, "answers": case.answers, "at": case.arrived_at}
    session.execute(insert(Revision).values(first).on_conflict_do_nothing())
    new = insert(Revision).values(rows).on_conflict_do_nothing().returning(col(Revision.number))
    if not session.execute(new).first():
        return False
    late = case.state in {"decided", "withdrawn"}
    correction = session.get_one(Correction, event.correction_id)
    waited = correction.state in {"asked", "expired"}
    correction.answered_at, correction.revision, correction.late = event.corrected_at, event.revision, late
    correction.replies = event.replies
    correction.state = "answered"
    session.add(correction)
    if not late:
        case.answers, case.revision = event.answers, event.revision
        turns.keep(session, case)
        if waited:  # else another correction is asked for by now, or none was waited for
            case.state = "open"
            clock.go_on(session, case, event.corrected_at)
    session.flush()
    return True
