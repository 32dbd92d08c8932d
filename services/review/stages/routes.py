"""The stages over HTTP: judging, marking, passing on, sending back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.review.cases import cases
from services.review.cases.routes import CaseOut, outline
from services.review.models import Case
from services.review.stages import criteria, scores, steps
from services.review.stages.prepared import after_last_day
from shared.identity.callers import Caller
from shared.problems import FieldError
from shared.procedure.fields import KEY, Text
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

WRITING = described(400, 401, 403, 404, 409, 413, 422)
Note = Annotated[str, Field(max_length=criteria.NOTE_LIMIT, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(pattern=KEY)]

router = APIRouter(prefix="/v1/cases", tags=["stages"])


class JudgementIn(BaseModel):
    """A criterion as it is judged. `not-met` needs a note, and some criteria need evidence where they are met."""

    model_config = ConfigDict(extra="forbid")

    criterion: Key
    verdict: Literal["met", "not-met", "not-applicable"]
    note: Note = ""
    evidence: Note = Field(default="", description="what shows it")


class JudgementsIn(BaseModel):
    """Criteria of the present stage as they are judged."""

    model_config = ConfigDict(extra="forbid")

    judgements: list[JudgementIn] = Field(min_length=1, max_length=50)
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")


class JudgementOut(BaseModel):
    """A criterion as it was judged, on the contents `revision`."""

    criterion: str
    verdict: str
    note: str
    evidence: str
    revision: int
    by_name: str
    at: datetime


class MarksIn(BaseModel):
    """One official's marks: one for each criterion of the stage."""

    model_config = ConfigDict(extra="forbid")

    marks: dict[Key, Annotated[int, Field(ge=0, le=100)]] = Field(max_length=50)
    notes: dict[Key, Note] = Field(default_factory=dict, max_length=50)
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")


class MarksOut(BaseModel):
    """The marks an official gave."""

    account_id: UUID
    name: str
    marks: dict[str, int]
    notes: dict[str, str]
    revision: int
    at: datetime


class PassIn(BaseModel):
    """The work of a stage is done."""

    model_config = ConfigDict(extra="forbid")

    note: Note = ""
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")


class ReturnIn(BaseModel):
    """An earlier stage has to look again."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(max_length=64, description="the stage's key")
    note: Note = Field(description="why; the officials of that stage read it")


class StageOut(BaseModel):
    """A stage of the procedure, and how far its work is."""

    key: str
    title: Text
    role: str
    position: Literal["done", "present", "to come"]
    judgements: list[JudgementOut]
    marks: list[MarksOut] = Field(description="your own, and everybody's once all are given")
    lacking: list[str] = Field(description="what the present stage still lacks")


class StepOut(BaseModel):
    """A time in a stage."""

    number: int
    stage: str
    entered_at: datetime
    left_at: datetime | None
    left_by_name: str
    move: str
    note: str


class ReviewOut(BaseModel):
    """The stages of a case and the way it took through them."""

    stages: list[StageOut]
    steps: list[StepOut]


@router.get("/{case_id}/stages", response_model=ReviewOut, responses=described(401, 403, 404, 422))
def show_stages(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The stages of a case of your groups, with its criteria as they were judged."""
    case = cases.shown(session, caller, case_id)
    return {
        "stages": _stages(session, caller, case),
        "steps": [one.model_dump(include=set(StepOut.model_fields)) for one in steps.of_case(session, case)],
    }


class PreparedOut(BaseModel):
    """A decision that is prepared, to be completed and sent on by an official, or not."""

    decision: str
    reasons: str


@router.get("/{case_id}/prepared-decision", response_model=PreparedOut | None, responses=described(401, 403, 404, 422))
def show_prepared(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The refusal that the procedure prepares when nothing was sent in by the last day of a correction; else null."""
    prepared = after_last_day(session, cases.shown(session, caller, case_id))
    return PreparedOut(decision=prepared.decision, reasons=prepared.reasons) if prepared else None


@router.put("/{case_id}/judgements", response_model=list[JudgementOut], responses=WRITING)
def judge(case_id: UUID, written: JudgementsIn, session: Transaction, caller: Reviewer) -> Any:
    """Judge criteria of the present stage."""
    judged = [criteria.Judged(**one.model_dump()) for one in written.judgements]
    made = criteria.judge(session, caller, case_id, judged, revision=written.revision)
    return [one.model_dump(include=set(JudgementOut.model_fields)) for one in made]


@router.put("/{case_id}/marks", response_model=MarksOut, responses=WRITING)
def mark(case_id: UUID, written: MarksIn, session: Transaction, caller: Reviewer) -> Any:
    """Give your marks in the present stage."""
    sheet = scores.mark(session, caller, case_id, written.marks, written.notes, revision=written.revision)
    return sheet.model_dump(include=set(MarksOut.model_fields))


@router.post("/{case_id}/pass", response_model=CaseOut, responses=WRITING)
def pass_on(case_id: UUID, written: PassIn, session: Transaction, caller: Reviewer) -> Any:
    """Pass a case on to the next stage."""
    return outline(steps.pass_on(session, caller, case_id, note=written.note, revision=written.revision))


@router.post("/{case_id}/return", response_model=CaseOut, responses=WRITING)
def send_back(case_id: UUID, written: ReturnIn, session: Transaction, caller: Reviewer) -> Any:
    """Send a case back to an earlier stage."""
    return outline(steps.send_back(session, caller, case_id, written.to, written.note))


def _stages(session: Session, caller: Caller, case: Case) -> list[dict[str, Any]]:
    review = cases.procedure_of(session, case).review
    judged = criteria.of_case(session, case)
    now = review.position(case.stage)
    lacking: list[FieldError] = steps.lacking(session, case, cases.procedure_of(session, case))
    return [
        {
            "key": stage.key,
            "title": stage.title,
            "role": stage.role,
            "position": "present" if number == now else "done" if number < now else "to come",
            "judgements": [
                judged[one.key].model_dump(include=set(JudgementOut.model_fields)) for one in stage.criteria if one.key in judged
            ],
            "marks": [one.model_dump(include=set(MarksOut.model_fields)) for one in scores.seen_by(session, caller, case, stage)],
            "lacking": [one.pointer for one in lacking] if number == now and case.state != "decided" else [],
        }
        for number, stage in enumerate(review.stages)
    ]
