"""Withdrawal: an applicant takes back what is not decided yet."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, select

from services.intake.applications.applications import Move, move, note
from services.intake.models import Application
from services.intake.rights.reach import within
from shared.bus.publish import publish
from shared.events import ApplicationWithdrawn, Contact, Parties, ProcedureRef, WithdrawalAsked
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.telemetry import current_traceparent

REASON_LIMIT = 2000
# Before, there is no case; after, it is too late.
_AT_THE_DESK = {"arrived", "in_review", "correcting"}


def may_withdraw(application: Application) -> bool:
    """Whether it can be asked for at present."""
    return application.state == "filed" or application.state in _AT_THE_DESK


def withdraw(session: Session, caller: Caller, application_id: UUID, reason: str = "") -> str:
    """Withdraw an application of the caller's organisation or principal; its state then. Asked for again, it stays as it is.

    What has not arrived is withdrawn at once. Else it is `withdrawing` until the desk, where the decision may have come first,
    says which it is. Raises NotFound, Conflict when it was returned or decided, Invalid for the reason,
    Forbidden for who may only read, or holds no mandate to file.
    """
    must_write(caller)
    reason = reason.strip()
    if len(reason) > REASON_LIMIT:
        raise _unfit(FieldError("/reason", "Use at most {limit} characters", {"limit": REASON_LIMIT}))
    if "\0" in reason:
        raise _unfit(FieldError("/reason", "Take out the null character (U+0000)"))
    application = session.exec(
        select(Application).where(Application.id == application_id, within(session, caller, Application)).with_for_update()
    ).first()
    if application is None:
        raise NotFound("No application of your organisation has the id {id}", id=application_id)
    acting(session, caller, application.organisation_id, application.procedure_id, "file")
    if application.state in {"withdrawing", "withdrawn"}:
        return application.state
    if not may_withdraw(application):
        raise Conflict("This application cannot be withdrawn any more: it was returned or decided")
    now = datetime.now(UTC)
    if application.state == "filed":
        done = move(application, "withdrawn", now, reason=reason)
        publish(session, withdrawn(application, done, current_traceparent()))
    else:
        done = move(application, "withdrawing", now, reason=reason)
        asked = WithdrawalAsked(
            subject=str(application.id),
            sequence=done.version,
            traceparent=current_traceparent(),
            asked_at=now,
            reason=reason,
        )
        publish(session, asked)
    note(session, [done])
    return done.state


def withdrawn(application: Application, done: Move, traceparent: str | None) -> ApplicationWithdrawn:
    """What the others hear once an application is withdrawn for good."""
    return ApplicationWithdrawn(
        subject=str(application.id),
        sequence=done.version,
        traceparent=traceparent,
        receipt_number=application.receipt_number,
        procedure=ProcedureRef(id=application.procedure_id, version=application.procedure_version),
        contact=Contact(**application.contact),
        withdrawn_at=done.at,
        parties=Parties(organisation_id=application.organisation_id, agent_id=application.agent_id),
    )


def _unfit(wrong: FieldError) -> Invalid:
    return Invalid("The reason cannot be recorded", errors=[wrong])
