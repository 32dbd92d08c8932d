"""Decisions: one for each case, with reasons where it is a refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from services.review.cases.cases import ref_of, shown
from services.review.corrections import corrections
from services.review.documents.documents import Written, issue_decided
from services.review.documents.papers import Ruling
from services.review.models import Case
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import CaseDecided, Contact
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid

REASONS_LIMIT = 10_000


def decide(
    session: Session,
    caller: Caller,
    case_id: UUID,
    decision: str,
    reasons: str,
    *,
    revision: int | None = None,
    document: Written | None = None,
) -> Case:
    """Decide a case, on the contents `revision` where they were looked at, and issue a document with it.

    Raises NotFound, Conflict when it is closed already, waits for a correction or has newer contents, Invalid for what law or
    procedure forbid.
    """
    case = shown(session, caller, case_id, lock=True)
    _must_be_open(session, case, revision)
    ref = ref_of(case)
    procedure = version(session, ref)
    allowed = procedure.review.decisions
    if decision not in allowed:
        wrong = FieldError("/decision", "Choose one of {allowed}", {"allowed": ", ".join(allowed)})
        raise Invalid("This procedure knows no such decision", errors=[wrong])
    reasons = reasons.strip()
    if len(reasons) > REASONS_LIMIT:
        raise _unfit(FieldError("/reasons", "Use at most {limit} characters", {"limit": REASONS_LIMIT}))
    if "\0" in reasons:
        raise _unfit(FieldError("/reasons", "Take out the null character (U+0000)"))
    if decision == "refuse" and not reasons:
        wrong = FieldError("/reasons", "Give the reasons: a refusal has to state them (行政手続法8条)")
        raise Invalid("A refusal needs reasons", errors=[wrong])
    if document and (unfit := document.errors()):
        raise Invalid("The document cannot be issued like this", errors=unfit)
    case.state, case.decision, case.reasons = "decided", decision, reasons
    case.decided_by, case.decided_at = caller.account_id, datetime.now(UTC)
    corrections.end(session, [case], case.decided_at)
    case.version += 1
    session.add(case)
    appeal = procedure.review.appeal if decision == "refuse" else None
    contact = Contact(**case.contact)
    publish(
        session,
        CaseDecided(
            subject=str(case.application_id),
            sequence=case.version,
            case_id=case.id,
            arrival_number=case.arrival_number,
            procedure=ref,
            contact=contact,
            decision=decision,
            decided_at=case.decided_at,
            reasons=reasons,
            appeal=appeal.within(contact.language) if appeal else "",
            revision=case.revision,
        ),
    )
    issue_decided(session, caller, case, Ruling.of(case), case.decided_at, by_hand=document)
    return case


def _unfit(wrong: FieldError) -> Invalid:
    return Invalid("The reasons cannot be recorded", errors=[wrong])


def _must_be_open(session: Session, case: Case, revision: int | None) -> None:
    if case.state == "withdrawn":
        raise Conflict("The applicant has withdrawn this application")
    if case.state == "decided":
        raise Conflict("This case is decided already")
    waiting = corrections.open_one(session, case)
    if waiting is not None and waiting.state == "asked":
        raise Conflict("The applicant is mending this: wait for it, or close the correction first")
    if revision is not None and revision != case.revision:
        raise Conflict("The applicant has sent in mended contents in the meantime; look at them first")
