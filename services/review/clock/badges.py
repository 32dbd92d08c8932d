"""How the clock of a case is said in a few words: on lists, and on its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from services.review.cases.cases import ref_of
from services.review.models import Case
from services.review.periods import counts_working_days
from services.review.procedures import version
from shared.i18n import message
from shared.workdays import between

# (one day, more days) for working days and for days of the calendar
_LEFT = {
    True: (message("1 working day left"), message("{days} working days left")),
    False: (message("1 day left"), message("{days} days left")),
}
_OVER = {
    True: (message("1 working day late"), message("{days} working days late")),
    False: (message("1 day late"), message("{days} days late")),
}
_DUE_TODAY = message("Due today")
# The period ended on a closed day or the days since are no working days: it is over all the same.
_OVERDUE = message("Overdue")
_STANDS = message("The clock stands")


@dataclass(frozen=True)
class Badge:
    """A sign (shared/web/templates/macros.html, icon) and a text, with the days that it speaks of."""

    kind: str
    text: str
    days: int = 0


def badge(session: Session, case: Case, day: date) -> Badge | None:
    """How the clock of a case stands on a day; None where it is closed, or its procedure has no standard period."""
    if case.state not in {"open", "correcting"}:
        return None
    procedure = version(session, ref_of(case))
    if procedure.standard_period is None:
        return None
    if case.due_on is None:
        return Badge("going", _STANDS) if case.counted_by else None
    working = counts_working_days(procedure)
    left = between(day, case.due_on, working=working)
    if case.due_on == day:
        return Badge("mend", _DUE_TODAY)
    if case.due_on < day:
        return Badge("bad", _OVER[working][left != -1], -left) if left else Badge("bad", _OVERDUE)
    near = case.near_on is not None and case.near_on <= day
    return Badge("mend" if near else "going", _LEFT[working][left != 1], left)
