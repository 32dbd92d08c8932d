"""What waits on the bus for a service, and how long the canary took: for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.events import SUBSCRIBERS
from shared.telemetry.measuring import Measured

if TYPE_CHECKING:
    from sqlmodel import Session

_WAITING = text("""
select subscriber, count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'dead') as dead,
       coalesce(extract(epoch from now() - min(due) filter (where state = 'waiting' and due <= now())), 0) as oldest
from bus.delivery where service = :service and state in ('waiting', 'dead')
group by subscriber
""")

# How long ago its retention ran to its end; before it ever did, since it first tried.
_PURGED = text("""
select coalesce(extract(epoch from now() - coalesce(max(started_at) filter (where outcome = 'done'), min(started_at))), 0) as age
from operation.run where kind = 'retention.' || :service
""")

# The newest canary that this service answered; while it never did, the first that it did not. Their subject is their own, so they
# are found by the index of the log.
_CANARY = """
select extract(epoch from now() - e.time) as age, extract(epoch from d.done_at - e.time) as took
from bus.event e join bus.delivery d on d.event_id = e.id
where e.source = 'intake' and e.subject = 'canary' and d.service = :service and d.state = {} limit 1
"""
_ANSWERED = text(_CANARY.format("'done' order by e.sequence desc"))
_UNANSWERED = text(_CANARY.format("'waiting' order by e.sequence"))


def measured(session: Session, service: str) -> Iterator[Measured]:
    """What waits for each subscriber of a service, and the newest canary that it answered."""
    waiting = {row.subscriber: row for row in session.execute(_WAITING, {"service": service})}
    names = sorted({one.name for heard in SUBSCRIBERS.values() for one in heard if one.service == service} | set(waiting))
    for name in names:
        row, labels = waiting.get(name), {"subscriber": name}
        yield Measured("madoguchi_deliveries_waiting", "Deliveries that wait", row.waiting if row else 0, labels)
        yield Measured(
            "madoguchi_deliveries_dead", "Deliveries given up after their last attempt", row.dead if row else 0, labels
        )
        oldest = float(row.oldest) if row else 0.0
        yield Measured("madoguchi_delivery_oldest_seconds", "Age of the oldest delivery that is due", oldest, labels)
    purged = float(session.execute(_PURGED, {"service": service}).scalar_one())
    yield Measured("madoguchi_retention_age_seconds", "Time since what is over its time was purged", purged, {"service": service})
    labels = {"service": service}
    answered = session.execute(_ANSWERED, labels).first()
    if (canary := answered or session.execute(_UNANSWERED, labels).first()) is not None:
        means = "Time since the newest canary that was answered; before the first was, since it was sent"
        yield Measured("madoguchi_canary_age_seconds", means, float(canary.age), labels)
    if answered is not None:
        yield Measured("madoguchi_canary_seconds", "Time until the newest canary was answered", float(answered.took), labels)
