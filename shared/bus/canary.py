"""The canary: an event a minute that every service hears and does nothing about. How long that took is measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shared.bus.publish import publish
from shared.events import CanarySent

SUBJECT = "canary"
KEPT = timedelta(days=1)

_SENT = text("select 1 from bus.event where source = 'intake' and subject = :subject and sequence = :minute")
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


def heard(_session: Session, _events: list[CanarySent]) -> None:
    """What every service does about it: nothing. The delivery itself is the record."""
