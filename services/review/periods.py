"""Counting a standard period (標準処理期間, 行政手続法6条) from the arrival, without the times in which its clock stood.

One rule decides which days count: a day counts when the clock ran as the day began. So the day of the arrival does not
count, at whatever hour it was, in office hours or not: an application arrives when it is recorded (デジタル手続法6条3項), and a
period of days begins with the next day, unless it begins at midnight (民法140条). The day on which a correction is asked for
counts, the one on which it comes in does not. A period of working days counts those; one of calendar days counts all, and where
the offices are closed on its last one, it ends with the next working day (民法142条).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from math import ceil

from shared.i18n import JST
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Period
from shared.workdays import day_of, is_working, on_or_after

Span = tuple[datetime, datetime | None]  # from when until when; None: it still lasts
_A_DAY = timedelta(days=1)
_MIDNIGHT = time()


@dataclass(frozen=True)
class Due:
    """The last day of the standard period, and from which day on it counts as near."""

    on: date
    near_on: date


def counts_working_days(procedure: Procedure) -> bool:
    """In which days a procedure counts; working days where it has no standard period."""
    return procedure.standard_period is None or procedure.standard_period.working


def due(procedure: Procedure, arrived_at: datetime, stood: Iterable[Span] = ()) -> Due | None:
    """When the standard period of an application ends; None where there is none, or while its clock stands."""
    period, stood = procedure.standard_period, list(stood)
    if period is None or any(ended is None for _, ended in stood):
        return None
    near = max(period.days - _ahead(procedure, period), 0)
    near_on = day_of(arrived_at)
    for number, day in enumerate(_counted(arrived_at, stood, working=period.working), start=1):
        if number == near:
            near_on = day
        if number == period.days:
            return Due(day if period.working else on_or_after(day), near_on)
    return None


def ends(period: Period, begun_at: datetime, stood: Iterable[Span]) -> date | None:
    """The last day of a stage that begins at a moment; None while the clock stands."""
    stood = list(stood)
    if any(ended is None for _, ended in stood):
        return None
    day = next(islice(_counted(begun_at, stood, working=period.working), period.days - 1, None))
    return day if period.working else on_or_after(day)


def used(arrived_at: datetime, stood: Iterable[Span], until: date, *, working: bool) -> int:
    """How many days of its period an application has used at the end of a day. Never below zero."""
    number = 0
    for day in _counted(arrived_at, stood, working=working, until=until):
        if day > until:
            break
        number += 1
    return number


def _ahead(procedure: Procedure, period: Period) -> int:
    """How many days before the last one it is near: what the procedure says, or a fifth of the period."""
    return procedure.review.warn_before or ceil(period.days / 5)


def _counted(arrived_at: datetime, stood: Iterable[Span], *, working: bool, until: date = date.max) -> Iterator[date]:
    """The days that count, in their order; no end, unless the clock stands or a last day to look at is given."""
    spans = [(_first_begun(began), _first_begun(ended) if ended else None) for began, ended in stood]
    day = _first_begun(arrived_at)
    while day <= until:
        standing = (
            next((span for span in spans if span[0] <= day and (span[1] is None or day < span[1])), None) if spans else None
        )
        if standing is None:
            if not working or is_working(day):
                yield day
            day += _A_DAY
        elif standing[1] is None:
            return
        else:
            day = standing[1]


def _first_begun(moment: datetime) -> date:
    """The first day of Japan that begins at this moment or later."""
    local = moment.astimezone(JST)
    return local.date() if local.time() == _MIDNIGHT else local.date() + _A_DAY
