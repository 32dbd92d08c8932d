"""The clock of a case over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.review.cases import cases
from services.review.clock import clock
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described
from shared.workdays import today

router = APIRouter(prefix="/v1/cases", tags=["clock"])


class PauseOut(BaseModel):
    """A time in which the clock stood, because the applicant mended."""

    began_at: datetime
    ended_at: datetime | None


class ClockOut(BaseModel):
    """The clock of the standard period (標準処理期間, 行政手続法6条), as of today in Japan."""

    working_days: bool = Field(description="whether days are working days of the offices of the state, or days of the calendar")
    period: int | None = Field(description="days of the standard period")
    used: int = Field(description="days of it that have passed; the day of the arrival is not counted")
    left: int | None = Field(description="days after today until the last one; below zero after it")
    due_on: date | None = Field(description="the last day; none while the clock stands")
    stands: bool
    pauses: list[PauseOut]


@router.get("/{case_id}/clock", response_model=ClockOut, responses=described(401, 403, 404, 422))
def show_clock(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """The clock of a case of your groups."""
    case = cases.shown(session, caller, case_id)
    found = clock.read(session, case, today())
    return {
        "working_days": found.working,
        "period": found.days,
        "used": found.used,
        "left": found.left,
        "due_on": case.due_on,
        "stands": found.stands,
        "pauses": [{"began_at": one.began_at, "ended_at": one.ended_at} for one in found.pauses],
    }
