"""What waits where: deliveries on the bus, messages in the broker's queues, and what happened in the last hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from shared.bus import wakings
from shared.events import SUBSCRIBERS
from shared.i18n import JST, Language, message, translate
from shared.web.charts import Bar, Chart

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session

HOURS = 12
MOST_QUEUES = 200
# Counting is worth this much time of the database, and no more.
PATIENCE_MS = 1500

_PULSE = text("""
select h.at, count(e.id) as events
from generate_series(
  date_trunc('hour', now()) - make_interval(hours => :hours - 1), date_trunc('hour', now()), interval '1 hour') as h (at)
left join bus.event e on e.time >= h.at and e.time < h.at + interval '1 hour'
group by h.at order by h.at
""")


def pulse(session: Session, language: Language) -> Chart | None:
    """Events in each of the last hours; None where counting them takes too long."""
    try:
        with session.begin_nested():
            session.execute(text(f"set local statement_timeout = {PATIENCE_MS}"))
            found = session.execute(_PULSE, {"hours": HOURS}).all()
    except OperationalError:
        return None
    finally:
        session.execute(text("set local statement_timeout = '30s'"))
    bars = [Bar(f"{row.at.astimezone(JST):%H:00}", (row.events,)) for row in found]
    title = translate(message("Events in the last {hours} hours"), language, hours=HOURS)
    return Chart("pulse", title, translate(message("Hour"), language), (translate(message("Events"), language),), bars)


def waiting(rows: list[dict[str, Any]], language: Language) -> Chart:
    """What waits for each subscriber, and what is dead."""
    series = (translate(message("Waiting"), language), translate(message("Dead"), language))
    bars = [Bar(row["subscriber"], (row["waiting"], row["dead"])) for row in rows]
    title = translate(message("Deliveries not done"), language)
    return Chart("waiting", title, translate(message("Subscriber"), language), series, bars)


def lengths(broker_url: SecretStr) -> list[tuple[str, int]] | None:
    """How many messages wait in each queue of the broker; None when it does not answer."""
    try:
        with wakings.client_of(broker_url) as client:
            services = {one.service for heard in SUBSCRIBERS.values() for one in heard}
            names = sorted(services | {one.queue for one in wakings.read(client)})[:MOST_QUEUES]
            asked = client.pipeline(transaction=False)
            for name in names:
                asked.llen(name)
            return list(zip(names, asked.execute(), strict=True))
    except redis.RedisError:
        return None
