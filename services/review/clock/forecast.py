"""When a case will probably be decided, by what the office needed lately from the same stage on.

Of the last decided cases of the same procedure and group, those are looked at that needed at least as many days, from their last
time in the stage on, as this one has spent in it; half of them tell the likely day, eight of ten the range. So it is no promise:
it knows nothing of the case itself, of leave or of how much there is to do, and where things were different lately it is wrong.
With fewer than FEWEST such cases it says the last day of the standard period, which the office has to aim at (行政手続法6条),
without a range. Days in which a clock stood are left out on both sides: while it stands now, the forecast is as if it went on
today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.review.clock import clock
from services.review.models import Case, Pause, Step
from services.review.periods import Span, used
from shared.workdays import after, day_of

LATELY, FEWEST = 200, 10
_EARLY, _LIKELY, _LATE = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class Forecast:
    """The likely day of the decision. `early` and `late`: eight of ten fell between them; `cases`: how many it rests on."""

    on: date
    basis: Literal["history", "standard-period"]
    cases: int = 0
    early: date | None = None
    late: date | None = None


def forecast(session: Session, case: Case, reading: clock.Reading, day: date) -> Forecast | None:
    """The forecast for a case as of a day; None for a closed one, and where neither history nor a standard period tells."""
    if case.state not in {"open", "correcting"}:
        return None
    stood = clock.spans(reading.pauses)
    spent = used(case.stage_since, stood, day, working=reading.working)
    left = sorted(days - spent for days in _needed(session, case, working=reading.working) if days >= spent)
    if len(left) >= FEWEST:
        early, likely, late = (after(day, _share(left, share), working=reading.working) for share in (_EARLY, _LIKELY, _LATE))
        return Forecast(likely, "history", len(left), early, late)
    if reading.left is None or reading.left < 0:
        return None
    return Forecast(case.due_on or after(day, reading.left, working=reading.working), "standard-period")


def _share(ordered: Sequence[int], share: float) -> int:
    """The smallest of these that at least this share does not exceed."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def _needed(session: Session, case: Case, *, working: bool) -> list[int]:
    """How many days the last decided cases needed, from their last entry into the stage of this one."""
    lately = (
        select(Case.id, Case.decided_at)
        .where(Case.group == case.group, Case.state == "decided", Case.procedure_id == case.procedure_id)
        .order_by(col(Case.decided_at).desc())
        .limit(LATELY)
        .subquery()
    )
    entered = func.max(col(Step.entered_at))
    query: Any = select(lately.c.id, lately.c.decided_at, entered).join(Step, col(Step.case_id) == lately.c.id)
    rows = session.execute(query.where(Step.stage == case.stage).group_by(lately.c.id, lately.c.decided_at)).all()
    stood: dict[UUID, list[Span]] = defaultdict(list)
    for pause in session.exec(select(Pause).where(col(Pause.case_id).in_([row[0] for row in rows]))) if rows else ():
        stood[pause.case_id].append((pause.began_at, pause.ended_at))
    return [used(began, stood[case_id], day_of(decided), working=working) for case_id, decided, began in rows]
