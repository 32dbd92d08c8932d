"""Decisions over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.review.cases import cases
from services.review.cases.routes import CaseDetail, detail
from services.review.decisions import decisions
from services.review.documents import documents
from services.review.documents.documents import TEXT_LIMIT, TITLE_LIMIT
from services.review.stages import lawful, proposals
from services.review.stages.lawful import Proposed
from shared.procedure.reviewing import Decision
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

MOST_YEN = 10**15
Condition = Annotated[str, Field(min_length=1, max_length=lawful.CONDITION_LIMIT, pattern=r"^[^\x00]*$")]
WRITING = described(400, 401, 403, 404, 409, 413, 422)

router = APIRouter(prefix="/v1/cases", tags=["decisions"])


class DocumentIn(BaseModel):
    """A document to issue with the decision."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=TITLE_LIMIT, pattern=r"^[^\x00\n]*$")
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"^[^\x00]*$")


class DecisionIn(BaseModel):
    """A decision. A refusal has to state its reasons (行政手続法8条) and, where there are criteria, which are not met."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision
    # PostgreSQL keeps no null character
    reasons: str = Field(default="", max_length=lawful.REASONS_LIMIT, pattern=r"^[^\x00]*$")
    amount: int | None = Field(default=None, ge=0, le=MOST_YEN, description="in yen; without it what is applied for")
    conditions: list[Condition] = Field(default_factory=list, max_length=lawful.MOST_CONDITIONS)
    criteria: list[str] = Field(default_factory=list, max_length=100, description="keys of the criteria it cites")
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")
    document: DocumentIn | None = Field(default=None, description="issued with the decision, as a PDF")

    def proposed(self) -> Proposed:
        """As the desk's functions take it."""
        given = self.document
        return Proposed(
            decision=self.decision,
            reasons=self.reasons,
            amount=self.amount,
            conditions=self.conditions,
            criteria=self.criteria,
            document=documents.Written(given.title, given.text) if given else None,
        )


class ApprovalIn(BaseModel):
    """Which proposal is approved, as it was looked at."""

    model_config = ConfigDict(extra="forbid")

    proposal: int = Field(ge=1, description="its number; 409 where another one is proposed by now")


class ProposalOut(BaseModel):
    """A proposed decision."""

    number: int
    decision: Decision
    amount: int | None
    conditions: list[str]
    reasons: str
    criteria: list[str]
    revision: int = Field(description="the contents it rests on")
    by_name: str
    at: datetime
    state: Literal["open", "replaced", "sent-back", "approved", "closed"]


class CommentIn(BaseModel):
    """What an official writes beside a proposal."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=proposals.COMMENT_LIMIT, pattern=r"^[^\x00]*$")


class CommentOut(BaseModel):
    """A comment on a proposal, which is told by its number."""

    id: UUID
    proposal: int
    by_name: str
    text: str
    at: datetime


@router.post("/{case_id}/decision", response_model=CaseDetail, responses=WRITING)
def decide(case_id: UUID, written: DecisionIn, session: Transaction, caller: Reviewer) -> Any:
    """Decide a case whose procedure has one stage; the applicant is told."""
    return detail(decisions.decide(session, caller, case_id, written.proposed(), revision=written.revision))


@router.put("/{case_id}/proposal", response_model=ProposalOut, responses=WRITING)
def propose(case_id: UUID, written: DecisionIn, session: Transaction, caller: Reviewer) -> Any:
    """Propose a decision (起案), for approval in the last stage; it takes the place of the one proposed before."""
    proposal = proposals.propose(session, caller, case_id, written.proposed(), revision=written.revision)
    return proposal.model_dump(include=set(ProposalOut.model_fields))


@router.get("/{case_id}/proposals", response_model=list[ProposalOut], responses=described(401, 403, 404, 422))
def list_proposals(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """What was proposed in a case of your groups, the newest last."""
    found = proposals.of_case(session, cases.shown(session, caller, case_id))
    return [one.model_dump(include=set(ProposalOut.model_fields)) for one in found]


@router.post("/{case_id}/proposal/comments", status_code=201, response_model=CommentOut, responses=WRITING | described(429))
def comment(case_id: UUID, written: CommentIn, session: Transaction, caller: Reviewer) -> Any:
    """Write beside the proposal that stands."""
    made = proposals.comment(session, caller, case_id, written.text)
    return made.model_dump(include=set(CommentOut.model_fields))


@router.post("/{case_id}/approval", response_model=CaseDetail, responses=WRITING)
def approve(case_id: UUID, written: ApprovalIn, session: Transaction, caller: Reviewer) -> Any:
    """Approve what is proposed (決裁): it is the decision, and the applicant is told."""
    return detail(decisions.approve(session, caller, case_id, written.proposal))
