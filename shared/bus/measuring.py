"""What waits on the bus for a service, and how long the canary took: for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.bus import canary
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
    labels, answer = {"service": service}, canary.answered(session, service)
    means = "Time since the newest canary that was answered; before the first was, since there could be one"
    yield Measured("madoguchi_canary_age_seconds", means, answer.age, labels)
    if answer.took is not None:
        yield Measured("madoguchi_canary_seconds", "Time until the newest canary was answered", answer.took, labels)
