"""The clock of a case over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.review.cases import cases
from services.review.clock import clock
from services.review.clock.forecast import forecast
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described
from shared.workdays import today

router = APIRouter(prefix="/v1/cases", tags=["clock"])


class PauseOut(BaseModel):
    """A time in which the clock stood, because the applicant mended."""

    began_at: datetime
    ended_at: datetime | None


class ForecastOut(BaseModel):
    """When the decision is likely: by what the office needed lately, or else by the standard period. No promise."""

    on: date
    basis: Literal["history", "standard-period"]
    cases: int = Field(description="how many decisions it rests on")
    early: date | None = Field(description="eight of ten fell between this day")
    late: date | None = Field(description="and this one")


class ClockOut(BaseModel):
    """The clock of the standard period (標準処理期間, 行政手続法6条), as of today in Japan."""

    working_days: bool = Field(description="whether days are working days of the offices of the state, or days of the calendar")
    period: int | None = Field(description="days of the standard period")
    used: int = Field(description="days of it that have passed; the day of the arrival is not counted")
    left: int | None = Field(description="days after today until the last one; below zero after it")
    due_on: date | None = Field(description="the last day; none while the clock stands")
    stands: bool
    stage: str
    stage_due_on: date | None = Field(description="the last day of the stage, where the procedure gives it one")
    forecast: ForecastOut | None = Field(description="none for a closed case, and where nothing tells")
    pauses: list[PauseOut]


@router.get("/{case_id}/clock", response_model=ClockOut, responses=described(401, 403, 404, 422))
def show_clock(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The clock of a case of your groups."""
    case = cases.shown(session, caller, case_id)
    found = clock.read(session, case, today())
    expected = forecast(session, case, found, today())
    return {
        "working_days": found.working,
        "period": found.days,
        "used": found.used,
        "left": found.left,
        "due_on": case.due_on,
        "stands": found.stands,
        "stage": case.stage,
        "stage_due_on": clock.stage_due(session, case, found),
        "forecast": expected and asdict(expected),
        "pauses": [{"began_at": one.began_at, "ended_at": one.ended_at} for one in found.pauses],
    }
