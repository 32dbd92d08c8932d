"""What Prometheus is told of cases."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlmodel import Session

from services.review.wall import acts_as_house
from shared.telemetry.measuring import Measured
from shared.workdays import today

_OVERDUE = text("""
select procedure_id, count(*) as cases from review."case" where state in ('open', 'correcting') and due_on < :today group by 1
""")
_UNASSIGNED = text("""select count(*) from review."case" where state in ('open', 'correcting') and official_id is null""")


def measured(session: Session) -> Iterator[Measured]:
    """Cases whose standard period is over, and those that nobody has: numbers only, so the house itself counts."""
    with acts_as_house(session):
        for row in session.execute(_OVERDUE, {"today": today()}):
            labels = {"procedure": row.procedure_id}
            yield Measured("madoguchi_cases_overdue", "Open cases whose standard period is over", row.cases, labels)
        yield Measured("madoguchi_cases_unassigned", "Open cases that nobody has", session.scalar(_UNASSIGNED) or 0)
