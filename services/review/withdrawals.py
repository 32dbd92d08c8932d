"""Withdrawals at the desk: of a withdrawal and a decision, the one that gets the case first holds (docs/adr/0007)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.cases import open_case
from services.review.models import Case
from shared.bus.publish import publish
from shared.events import ApplicationArrived, CaseWithdrawn, Official, ProcedureRef, WithdrawalAsked

_OFFICIALS = text("select distinct account_id, name, email from identity.official where account_id = any(:ids)")


def follow_application(session: Session, events: list[ApplicationArrived] | list[WithdrawalAsked]) -> None:
    """Open cases for what arrived, close those of which the applicant asks for it."""
    arrivals = [event for event in events if isinstance(event, ApplicationArrived)]
    askings = [event for event in events if isinstance(event, WithdrawalAsked)]
    if arrivals:
        open_case(session, arrivals)
    if askings:
        close_case(session, askings)


def close_case(session: Session, events: list[WithdrawalAsked]) -> None:
    """Close the cases that are not decided. A decided one stays decided: its own event tells the counter."""
    found = session.exec(
        select(Case)
        .where(col(Case.application_id).in_([UUID(event.subject) for event in events]))
        .order_by(col(Case.id))
        .with_for_update()
    ).all()
    cases = {str(case.application_id): case for case in found}
    officials = {
        row.account_id: Official(id=row.account_id, name=row.name, email=row.email)
        for row in session.execute(_OFFICIALS, {"ids": [case.official_id for case in found if case.official_id]})
    }
    told = []
    for event in events:
        case = cases[event.subject]
        if case.state != "open":
            continue
        case.state, case.withdrawn_at, case.withdrawal_reason = "withdrawn", event.asked_at, event.reason
        case.version += 1
        session.add(case)
        told.append(
            CaseWithdrawn(
                subject=event.subject,
                sequence=case.version,
                traceparent=event.traceparent,
                case_id=case.id,
                arrival_number=case.arrival_number,
                procedure=ProcedureRef(id=case.procedure_id, version=case.procedure_version),
                official=officials.get(case.official_id) if case.official_id else None,
                withdrawn_at=event.asked_at,
                reason=event.reason,
            )
        )
    publish(session, *told)
