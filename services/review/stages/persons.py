"""Two persons (`two-person`): who did a stage before, or proposed the decision there, does not do this one."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from services.review.models import Case, Judgement, Proposal, ScoreSheet, Step
from shared.identity.callers import Caller
from shared.problems import Conflict
from shared.procedure.model import Procedure


def must_be_somebody_else(session: Session, caller: Caller, case: Case, procedure: Procedure) -> None:
    """Raises Conflict where the present stage of a locked case is for somebody else than the caller."""
    if procedure.review.stage(case.stage).two_person and caller.account_id in before(session, case):
        raise Conflict("This stage is for somebody else: you did an earlier one, or proposed the decision")


def before(session: Session, case: Case) -> set[UUID | None]:
    """Who passed another stage on, judged or marked there, or proposed a decision there, also one that was replaced since."""
    steps = session.exec(select(Step).where(Step.case_id == case.id).order_by(col(Step.number))).all()
    here = [step for step in steps if step.stage == case.stage]
    did: set[UUID | None] = {step.left_by for step in steps if step.move == "pass" and step.stage != case.stage}
    for proposal in session.exec(select(Proposal).where(Proposal.case_id == case.id)):
        if not any(step.entered_at <= proposal.at and (step.left_at is None or proposal.at <= step.left_at) for step in here):
            did.add(proposal.by)
    judged = select(Judgement.by).where(Judgement.case_id == case.id, Judgement.stage != case.stage)
    marked = select(ScoreSheet.account_id).where(ScoreSheet.case_id == case.id, ScoreSheet.stage != case.stage)
    return did | set(session.exec(judged)) | set(session.exec(marked))
