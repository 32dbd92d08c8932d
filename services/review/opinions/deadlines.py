"""Last days of opinions: a reminder before, and what is over is marked so; what ended cases asked for is closed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.models import Case, Opinion
from services.review.opinions.opinions import REMIND, about, about_to_asker, is_going, link_of, tell
from shared.events import OpinionExpired, OpinionReminded

AT_ONCE = 100

_DUE = text("""
select o.id from review.opinion o join review."case" k on k.id = o.case_id
where o.state = 'asked' and (k.state not in ('open', 'correcting') or o.due_on < :today
   or (o.due_on <= :soon and o.reminded_at is null))
order by o.due_on limit :most
""")


def pass_days(session: Session, today: date) -> int:
    """Remind, expire and close a batch, as of a day in Japan. Returns how many were looked at."""
    ids = list(session.scalars(_DUE, {"today": today, "soon": today + REMIND, "most": AT_ONCE}))
    query = select(Opinion).where(col(Opinion.id).in_(ids), Opinion.state == "asked").order_by(col(Opinion.id))
    for opinion in session.exec(query.with_for_update(skip_locked=True)).all() if ids else ():
        case = session.get_one(Case, opinion.case_id)
        if not is_going(case):
            opinion.state = "closed"
            session.add(opinion)
            note(session, None, "opinion.closed", case.id, opinion=opinion.id)
        elif opinion.due_on < today:
            opinion.state = "expired"
            session.add(opinion)
            note(session, None, "opinion.expired", case.id, opinion=opinion.id)
            if to_asker := about_to_asker(session, case, opinion):
                tell(session, opinion, OpinionExpired(**to_asker))
        else:
            opinion.reminded_at = datetime.now(UTC)
            note(session, None, "opinion.reminded", case.id, opinion=opinion.id)
            to_asked = about(case, opinion)
            tell(session, opinion, OpinionReminded(**to_asked, asked_by=opinion.asked_by_name, link_id=link_of(opinion)))
    return len(ids)
