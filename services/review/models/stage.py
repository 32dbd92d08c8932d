"""The stages of the review: where a case was, how its criteria were judged, and what decision was proposed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from services.review.models.case import DECISIONS
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON, SealedText


class Step(ReviewRecord, table=True):
    """A time that a case spent in a stage. The last of an open case has not ended."""

    __tablename__ = "step"
    __table_args__ = (
        CheckConstraint("move in ('', 'pass', 'send-back', 'decide', 'withdraw')", name="move"),
        CheckConstraint("(left_at is null) = (move = '')", name="left"),
        Index("step_running_idx", "case_id", unique=True, postgresql_where=text("left_at is null")),
    )

    case_id: UUID = of_case(primary_key=True)
    number: int = Field(primary_key=True)
    stage: str
    entered_at: datetime = timestamp()
    left_at: datetime | None = timestamp(default=None)
    left_by: UUID | None = None
    left_by_name: str = ""
    move: str = ""
    note: str = Field(default="", sa_type=SealedText("review.step.note"))


class Judgement(ReviewRecord, table=True):
    """How a criterion was judged (審査基準, 行政手続法5条), on which contents."""

    __tablename__ = "judgement"
    __table_args__ = (CheckConstraint("verdict in ('met', 'not-met', 'not-applicable')", name="verdict"),)

    case_id: UUID = of_case(primary_key=True)
    criterion: str = Field(primary_key=True)
    stage: str
    verdict: str
    note: str = Field(default="", sa_type=SealedText("review.judgement.note"))
    evidence: str = Field(
        default="", sa_type=SealedText("review.judgement.evidence"), description="what shows it, as the official says it"
    )
    revision: int = Field(description="of the contents it was judged on")
    by: UUID
    by_name: str
    at: datetime = timestamp()


class ScoreSheet(ReviewRecord, table=True):
    """The marks one official gave in a stage, each criterion's from 0 to the stage's best."""

    __tablename__ = "score_sheet"

    case_id: UUID = of_case(primary_key=True)
    stage: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    name: str
    marks: dict[str, int] = Field(sa_type=JSONB)
    notes: dict[str, str] = Field(sa_type=SealedJSON("review.score_sheet.notes"))
    revision: int = Field(description="of the contents that were marked")
    at: datetime = timestamp()


class Proposal(ReviewRecord, table=True):
    """A decision as an official proposes it (起案), for the approval of another (決裁)."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint(DECISIONS, name="decision"),
        CheckConstraint("state in ('open', 'replaced', 'sent-back', 'approved', 'closed')", name="state"),
        Index("proposal_open_idx", "case_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("proposal_case_id_number_key", "case_id", "number", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    number: int = Field(description="counts a case's proposals from 1")
    decision: str
    amount: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    conditions: list[str] = Field(sa_type=JSONB, default_factory=list)
    reasons: str = Field(default="", sa_type=SealedText("review.proposal.reasons"))
    criteria: list[str] = Field(sa_type=JSONB, default_factory=list, description="keys of the criteria it cites")
    document: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(SealedJSON("review.proposal.document"), nullable=True),
        description="title and text of its own",
    )
    revision: int = Field(description="of the contents it rests on")
    by: UUID
    by_name: str
    at: datetime = timestamp()
    state: str = "open"
    ended_at: datetime | None = timestamp(default=None)


class ProposalComment(ReviewRecord, table=True):
    """What officials write to each other beside a proposal."""

    __tablename__ = "proposal_comment"
    __table_args__ = (Index(None, "case_id", "at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    proposal: int = Field(description="its number")
    by: UUID
    by_name: str
    text: str = Field(sa_type=SealedText("review.proposal_comment.text"))
    at: datetime = timestamp()
