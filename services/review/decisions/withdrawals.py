"""Withdrawals at the desk: of a withdrawal and a decision, the one that gets the case first holds (docs/adr/0007)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.review.audit.audit import Noted, note_all
from services.review.cases.cases import officials_of, parties_of, ref_of
from services.review.corrections import corrections
from services.review.models import Case
from services.review.stages import steps
from shared.bus.publish import publish
from shared.events import CaseWithdrawn, WithdrawalAsked


def close_case(session: Session, events: list[WithdrawalAsked]) -> None:
    """Close the cases that are not decided. A decided one stays decided: its own event tells the counter."""
    found = session.exec(
        select(Case)
        .where(col(Case.application_id).in_([UUID(event.subject) for event in events]))
        .order_by(col(Case.id))
        .with_for_update()
    ).all()
    cases = {str(case.application_id): case for case in found}
    officials = officials_of(session, found)
    corrections.end(session, [case for case in found if case.state == "correcting"], datetime.now(UTC))
    told: list[CaseWithdrawn] = []
    closed: list[Case] = []
    for event in events:
        case = cases[event.subject]
        if case.state not in {"open", "correcting"}:
            continue
        case.state, case.withdrawn_at, case.withdrawal_reason = "withdrawn", event.asked_at, event.reason
        case.version += 1
        session.add(case)
        closed.append(case)
        told.append(
            CaseWithdrawn(
                subject=event.subject,
                sequence=case.version,
                traceparent=event.traceparent,
                case_id=case.id,
                arrival_number=case.arrival_number,
                procedure=ref_of(case),
                parties=parties_of(case),
                official=officials.get(case.official_id) if case.official_id else None,
                withdrawn_at=event.asked_at,
                reason=event.reason,
            )
        )
    steps.close(session, closed, datetime.now(UTC))
    note_all(session, (Noted("case.withdrawn", one.case_id, details={"heard": WithdrawalAsked.type}) for one in told))
    publish(session, *told)
