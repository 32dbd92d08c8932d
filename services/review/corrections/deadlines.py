"""Last days of corrections: a reminder before, and what is over is marked so; the official decides how it goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.cases.cases import officials_of
from services.review.clock import clock
from services.review.corrections.corrections import REMIND, about, tell
from services.review.models import Case, Correction
from shared.events import CorrectionExpired, CorrectionReminded
from shared.i18n import JST

AT_ONCE = 100

_DUE = text("""
select c.id from review.correction c join review."case" k on k.id = c.case_id
where c.state = 'asked' and k.state = 'correcting' and (c.due_on < :today
   or (c.due_on <= :soon and c.reminded_at is null))
order by c.due_on limit :most
""")


def pass_days(session: Session, today: date) -> int:
    """Remind and expire a batch, as of a day in Japan. Returns how many were looked at."""
    due = {"today": today, "soon": today + REMIND, "most": AT_ONCE}
    ids = list(session.scalars(_DUE, due))
    of_these = select(Correction.case_id).where(col(Correction.id).in_(ids))
    query = select(Case).where(col(Case.id).in_(of_these)).order_by(col(Case.id)).with_for_update(skip_locked=True)
    cases = session.exec(query).all() if ids else []
    officials = officials_of(session, cases)
    for case in cases:
        query_one = select(Correction).where(Correction.case_id == case.id, Correction.state == "asked")
        correction = session.exec(query_one.execution_options(populate_existing=True)).first()
        if correction is None or case.state != "correcting":
            continue  # it was sent in or closed a moment ago
        if correction.due_on < today:
            correction.state = "expired"
            clock.go_on(session, case, datetime.combine(correction.due_on + timedelta(days=1), datetime.min.time(), JST))
            official = officials.get(case.official_id) if case.official_id else None
            tell(session, case, CorrectionExpired(**about(case, correction), official=official))
            note(session, None, "case.lapsed", case.id, correction=correction.id, due_on=correction.due_on)
        elif correction.reminded_at is None and correction.due_on <= today + REMIND:
            correction.reminded_at = datetime.now(UTC)
            tell(session, case, CorrectionReminded(**about(case, correction)))
            note(session, None, "case.reminded", case.id, correction=correction.id)
    return len(ids)
