"""Proposals (起案): the decision as it goes to the approval (決裁), with what officials write beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from services.review.cases.cases import procedure_of
from services.review.cases.moves import acting
from services.review.documents.documents import Written
from services.review.models import Case, Proposal, ProposalComment
from services.review.stages import criteria, lawful
from services.review.stages.lawful import APPROVING, Proposed, must_be_on
from shared.database import new_id
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, TooMany
from shared.validation import text_errors

COMMENT_LIMIT, MOST_COMMENTS = 4000, 500


def of_case(session: Session, case: Case) -> Sequence[Proposal]:
    """The proposals of a case, in their order."""
    return session.exec(select(Proposal).where(Proposal.case_id == case.id).order_by(col(Proposal.number))).all()


def open_one(session: Session, case: Case) -> Proposal | None:
    """The proposal that stands."""
    return session.exec(select(Proposal).where(Proposal.case_id == case.id, Proposal.state == "open")).first()


def comments(session: Session, case: Case) -> Sequence[ProposalComment]:
    """What was written beside the proposals of a case, in its order."""
    query = select(ProposalComment).where(ProposalComment.case_id == case.id)
    return session.exec(query.order_by(col(ProposalComment.at), col(ProposalComment.id))).all()


def propose(session: Session, caller: Caller, case_id: UUID, proposed: Proposed, *, revision: int | None = None) -> Proposal:
    """Propose a decision, in place of the one that was proposed before. Raises NotFound, Forbidden, Conflict, Invalid."""
    case = acting(session, caller, case_id, "propose")
    must_be_on(case, revision)
    procedure = procedure_of(session, case)
    if procedure.review.is_last(case.stage):
        raise Conflict("In this stage it is decided; send the case back to have another decision proposed")
    if wrong := lawful.errors(procedure, case, proposed, criteria.of_case(session, case)):
        raise Invalid("This decision cannot be proposed like this", errors=wrong)
    now = datetime.now(UTC)
    _end(session, [case.id], "replaced", now)
    applied = case.answers.get(procedure.review.amount) if procedure.review.amount else None
    granted = proposed.amount if proposed.amount is not None else applied
    number = session.exec(select(func.coalesce(func.max(Proposal.number), 0)).where(Proposal.case_id == case.id)).one() + 1
    proposal = Proposal(
        id=new_id(),
        case_id=case.id,
        number=number,
        decision=proposed.decision,
        amount=granted if proposed.decision in APPROVING else None,
        conditions=[one.strip() for one in proposed.conditions],
        reasons=proposed.reasons.strip(),
        criteria=list(proposed.criteria),
        document=asdict(proposed.document) if proposed.document else None,
        revision=case.revision,
        by=caller.account_id,
        by_name=caller.name,
        at=now,
    )
    session.add(proposal)
    session.flush()
    return proposal


def as_written(proposal: Proposal) -> Proposed:
    """A proposal as the decision it would become."""
    return Proposed(
        decision=proposal.decision,
        reasons=proposal.reasons,
        amount=proposal.amount,
        conditions=proposal.conditions,
        criteria=proposal.criteria,
        document=Written(**proposal.document) if proposal.document else None,
    )


def comment(session: Session, caller: Caller, case_id: UUID, text: str) -> ProposalComment:
    """Write beside the proposal that stands. Raises NotFound, Forbidden, Conflict, Invalid, TooMany."""
    case = acting(session, caller, case_id, "comment")
    if wrong := text_errors("/text", text, COMMENT_LIMIT, needed=True):
        raise Invalid("The comment cannot be taken like this", errors=wrong)
    proposal = open_one(session, case)
    if proposal is None:
        raise Conflict("No decision is proposed at present")
    if session.exec(select(func.count()).where(ProposalComment.case_id == case.id)).one() >= MOST_COMMENTS:
        raise TooMany("At most {most} comments about one case", most=MOST_COMMENTS, retry_after=86400)
    made = ProposalComment(
        id=new_id(),
        case_id=case.id,
        proposal=proposal.number,
        by=caller.account_id,
        by_name=caller.name,
        text=text.strip(),
        at=datetime.now(UTC),
    )
    session.add(made)
    return made


def must_be_there(session: Session, case: Case) -> Proposal:
    """The proposal that stands, on the present contents. Raises Conflict."""
    proposal = open_one(session, case)
    if proposal is None:
        raise Conflict("No decision is proposed yet: propose one first")
    if proposal.revision != case.revision:
        raise Conflict("The contents were mended after the decision was proposed: propose it again")
    return proposal


def send_back(session: Session, case: Case) -> None:
    """The proposal of a locked case, if there is one, is not approved."""
    _end(session, [case.id], "sent-back", datetime.now(UTC))


def close(session: Session, case_ids: Sequence[UUID], at: datetime) -> None:
    """Nothing is decided in these cases any more."""
    _end(session, case_ids, "closed", at)


def approve(session: Session, proposal: Proposal, at: datetime) -> None:
    """The proposal is the decision."""
    proposal.state, proposal.ended_at = "approved", at
    session.add(proposal)


def _end(session: Session, case_ids: Sequence[UUID], state: str, at: datetime) -> None:
    of_these = update(Proposal).where(col(Proposal.case_id).in_(case_ids), col(Proposal.state) == "open")
    session.execute(of_these.values(state=state, ended_at=at))
