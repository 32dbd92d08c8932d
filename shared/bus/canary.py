"""The canary: an event a minute that every service hears and does nothing about. How long that took is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shared.bus.publish import publish
from shared.events import CanarySent

SUBJECT = "canary"
KEPT = timedelta(days=1)

_SENT = text("select 1 from bus.event where source = 'intake' and subject = :subject and sequence = :minute")
# Its subject is its own, so it is found by the index of the log.
_ANSWERED = text("""
select extract(epoch from now() - e.time)::float as age, extract(epoch from d.done_at - e.time)::float as took
from bus.event e join bus.delivery d on d.event_id = e.id
where e.source = 'intake' and e.subject = 'canary' and d.service = :service and d.state = 'done'
order by e.sequence desc limit 1
""")
_UNANSWERED = text("""
select extract(epoch from now() - coalesce(min(e.time), pg_postmaster_start_time()))::float as age, null::float as took
from bus.event e where e.source = 'intake' and e.subject = 'canary'
""")
_FORGET = text("""
delete from bus.event e
where e.source = 'intake' and e.subject = :subject and e.sequence < :minute
  and not exists (select from bus.delivery d where d.event_id = e.id and d.state in ('waiting', 'dead'))
""")


def send(engine: Engine, *, now: datetime | None = None) -> bool:
    """Send this minute's canary, if nobody has; forget those of the day before. Whether it was sent here."""
    minute = int((now or datetime.now(UTC)).timestamp() // 60)
    with Session(engine) as session:
        if session.execute(_SENT, {"subject": SUBJECT, "minute": minute}).first() is not None:
            return False
        try:
            publish(session, CanarySent(subject=SUBJECT, sequence=minute))
            session.execute(_FORGET, {"subject": SUBJECT, "minute": minute - KEPT // timedelta(minutes=1)})
            session.commit()
        except IntegrityError:  # another one was faster
            return False
    return True


class Answer(NamedTuple):
    """How many seconds ago the newest canary was sent that a service answered, and how many it took.

    While it never answered one, `age` counts from when it could have: from the first that was sent, or the database's start.
    """

    age: float
    took: float | None


def answered(session: Session, service: str) -> Answer:
    """The newest canary that a service answered."""
    row = session.execute(_ANSWERED, {"service": service}).first() or session.execute(_UNANSWERED, {"service": service}).one()
    return Answer(float(row.age), row.took)


def heard(_session: Session, _events: list[CanarySent]) -> None:
    """What every service does about it: nothing. The delivery itself is the record."""
