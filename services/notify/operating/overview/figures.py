"""Figures of the post: what became of the messages of a day and a week, and how long it took.

Each number is a walk along its own piece of an index, from the first id of the time that is asked for: it costs what it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from services.notify.messages.finding import Filter, found, id_at
from services.notify.models import CHANNELS, STATES

HOURS = 24
A_DAY = timedelta(hours=HOURS)
DAYS = 7
# Percentiles are of the newest so many of each channel.
SAMPLE = 1_000
_PERCENTILES = (0.5, 0.9, 0.99)

_BY_HOUR = text("""
select h.place, s.state, sum((
  select count(*) from notify.message m
  where m.channel = c.channel and m.state = s.state and m.id >= h.first and m.id < h.after
)) as number
from unnest(cast(:firsts as uuid[]), cast(:afters as uuid[])) with ordinality as h (first, after, place),
  unnest(cast(:channels as text[])) as c (channel), unnest(cast(:states as text[])) as s (state)
group by h.place, s.state
""")

# The templates there are, hopping from one to the next along the index; then each one's states.
_BY_TEMPLATE = text("""
with recursive known (template) as (
  (select template from notify.message order by template limit 1)
  union all
  select (select m.template from notify.message m where m.template > known.template order by m.template limit 1)
  from known where known.template is not null
)
select k.template, s.state, (
  select count(*) from notify.message m where m.template = k.template and m.state = s.state and m.id >= :since
) as number
from (select template from known where template is not null limit :most) k, unnest(cast(:states as text[])) as s (state)
""")
_MOST_TEMPLATES = 500

_SPEED = text("""
select percentile_cont(cast(:shares as float8[])) within group (order by extract(epoch from sent_at - created_at))
from notify.message where id = any(:ids) and sent_at is not null
""")


@dataclass(frozen=True)
class Fates:
    """What became of some messages."""

    arrived: int = 0  # sent, delivered, or in a digest
    refused: int = 0  # failed, or came back
    unknown: int = 0
    waiting: int = 0

    @property
    def rate(self) -> float:
        """The share of those that were refused among those that have an end, in percent."""
        ended = self.arrived + self.refused + self.unknown
        return 100 * self.refused / ended if ended else 0.0


def fates(number: dict[str, int]) -> Fates:
    """From how many there are in each state. What was cancelled is nowhere in it."""

    def of(*states: str) -> int:
        return sum(number.get(state, 0) for state in states)

    return Fates(of("sent", "delivered", "merged"), of("failed", "bounced"), of("unknown"), of("created", "deferred", "sending"))


def by_hour(session: Session, now: datetime) -> list[tuple[datetime, Fates]]:
    """What became of the messages that were written in each of the last 24 hours, the oldest first."""
    begun = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = [begun + timedelta(hours=place) for place in range(HOURS + 1)]
    ids = [id_at(hour) for hour in hours]
    values = {"firsts": ids[:-1], "afters": ids[1:], "channels": list(CHANNELS), "states": list(STATES)}
    numbers: list[dict[str, int]] = [{} for _ in range(HOURS)]
    for row in session.execute(_BY_HOUR, values):
        numbers[row.place - 1][row.state] = int(row.number)
    return [(hour, fates(number)) for hour, number in zip(hours, numbers, strict=False)]


def by_template(session: Session, now: datetime) -> list[tuple[str, Fates]]:
    """What became of the messages of each template in the last week; those with the most refusals first."""
    values = {"since": id_at(now - timedelta(days=DAYS)), "states": list(STATES), "most": _MOST_TEMPLATES}
    numbers: dict[str, dict[str, int]] = {}
    for row in session.execute(_BY_TEMPLATE, values):
        numbers.setdefault(row.template, {})[row.state] = row.number
    rows = [(template, fates(number)) for template, number in numbers.items() if any(number.values())]
    return sorted(rows, key=lambda one: (-one[1].refused, -one[1].arrived))


@dataclass(frozen=True)
class Speed:
    """Seconds from writing a message to its being taken: half of them at most, nine of ten, 99 of 100."""

    median: float
    ninetieth: float
    last: float


def speeds(session: Session, now: datetime) -> dict[str, Speed]:
    """By channel, of the newest that were written in the last 24 hours."""
    made: dict[str, Speed] = {}
    for channel in CHANNELS:
        written = Filter(channel=channel, since=now - A_DAY)
        ids = found(session, written, limit=SAMPLE, states=("sent", "delivered"))
        if seconds := session.scalar(_SPEED, {"ids": ids, "shares": list(_PERCENTILES)}):
            made[channel] = Speed(*seconds)
    return made
