"""Decisions: one for each case, made in its last stage (決裁); where there are stages before it, the one they proposed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session

from services.review.cases.cases import parties_of, procedure_of, ref_of
from services.review.cases.moves import acting, using
from services.review.corrections import corrections
from services.review.documents.documents import issue_decided
from services.review.documents.papers import Ruling
from services.review.models import Case
from services.review.stages import criteria, lawful, persons, proposals, steps
from services.review.stages.lawful import ADVERSE, APPROVING, Proposed
from shared.bus.publish import publish
from shared.events import CaseDecided, Contact
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid
from shared.procedure.model import Procedure


def decide(session: Session, caller: Caller, case_id: UUID, wanted: Proposed, *, revision: int | None = None) -> Case:
    """Decide a case of one stage, on the contents `revision` where they were looked at.

    Raises NotFound, Forbidden, Conflict when it is closed, has other stages or newer contents, or the work is not finished, and
    Invalid for what law or procedure forbid.
    """
    case = acting(session, caller, case_id, "decide")
    lawful.must_be_on(case, revision)
    procedure = procedure_of(session, case)
    if len(procedure.review.stages) > 1:
        raise Conflict("This is decided by approving what is proposed (決裁)")
    if wrong := lawful.errors(procedure, case, wanted, criteria.of_case(session, case)):
        raise Invalid("This cannot be decided like this", errors=wrong)
    steps.must_be_done(session, case, procedure)
    return _made(session, caller, case, procedure, wanted=wanted, duty=_duty(session, caller, case, procedure))


def approve(session: Session, caller: Caller, case_id: UUID, number: int) -> Case:
    """Approve the proposal `number` (決裁): it is the decision now. Raises NotFound, Forbidden, Conflict."""
    case = acting(session, caller, case_id, "decide")
    procedure = procedure_of(session, case)
    if not procedure.review.is_last(case.stage):
        raise Conflict("This is decided in the stage {stage}", stage=procedure.review.stages[-1].title.ja)
    proposal = proposals.must_be_there(session, case)
    if proposal.number != number:
        raise Conflict("Another decision is proposed by now; look at it first")
    persons.must_be_somebody_else(session, caller, case, procedure)
    steps.must_be_done(session, case, procedure)
    wanted = proposals.as_written(proposal)
    if wrong := lawful.errors(procedure, case, wanted, criteria.of_case(session, case)):
        raise Conflict("What is proposed does not fit any more: send it back", errors=wrong)
    duty = _duty(session, caller, case, procedure)  # it depends on the amount that is proposed
    proposals.approve(session, proposal, datetime.now(UTC))
    return _made(session, caller, case, procedure, wanted=wanted, duty=duty)


def _made(session: Session, caller: Caller, case: Case, procedure: Procedure, *, wanted: Proposed, duty: str) -> Case:
    now = datetime.now(UTC)
    applied = case.answers.get(procedure.review.amount) if procedure.review.amount else None
    amount = (wanted.amount if wanted.amount is not None else applied) if wanted.decision in APPROVING else None
    case.state, case.decision, case.reasons = "decided", wanted.decision, wanted.reasons.strip()
    case.amount, case.conditions, case.criteria = amount, [one.strip() for one in wanted.conditions], list(wanted.criteria)
    case.decided_by, case.decided_at, case.decided_as = caller.account_id, now, duty
    corrections.end(session, [case], now)
    steps.leave(session, case, "decide", caller, at=now)
    case.version += 1
    session.add(case)
    publish(session, _told(case, procedure, now))
    issue_decided(session, caller, case, Ruling.of(case), now, by_hand=wanted.document)
    return case


def _duty(session: Session, caller: Caller, case: Case, procedure: Procedure) -> str:
    """The duty it is decided with: the stage's own where the caller has it, else the one that stands in for it (専決, 代決)."""
    own = procedure.review.stages[-1].role
    held = using(session, caller, case, "decide")
    return own if own in held else min(held, default=own)


def _told(case: Case, procedure: Procedure, at: datetime) -> CaseDecided:
    contact = Contact(**case.contact)
    appeal = procedure.review.appeal if case.decision in ADVERSE else None
    titles = {one.key: one.title.within(contact.language) for one in procedure.review.criteria()}
    return CaseDecided(
        subject=str(case.application_id),
        sequence=case.version,
        case_id=case.id,
        arrival_number=case.arrival_number,
        procedure=ref_of(case),
        group=case.group,
        parties=parties_of(case),
        contact=contact,
        decision="approve" if case.decision in APPROVING else case.decision,
        partly=case.decision == "approve-in-part",
        amount=case.amount,
        conditions=case.conditions,
        criteria=[titles[key] for key in case.criteria],
        decided_at=at,
        reasons=case.reasons,
        appeal=appeal.within(contact.language) if appeal else "",
        revision=case.revision,
    )
