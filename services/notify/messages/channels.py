"""Channels as operators run them: stopped and going again, and how much waits on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, select

from services.notify.messages.acts import note
from services.notify.models import CHANNELS, STATES, Channel, ChannelPause, State
from shared.operation.acts import Operator, reason_of
from shared.operation.switches import is_on
from shared.problems import Conflict

# Counting ends here: whoever reads the number does not need it more exactly.
MOST_COUNTED = 100_000
_BEFORE_ALL = UUID(int=0)

# Each count is a walk along its own piece of an index, so nothing is read that is not counted.
_COUNTS = text("""
select channel, state, (
  select count(*) from (
    select from notify.message m where m.channel = c.channel and m.state = s.state and m.id >= :since limit :most
  ) counted
) as number
from unnest(cast(:channels as text[])) as c (channel), unnest(cast(:states as text[])) as s (state)
""")
# Of ids that grow with time the first is the oldest.
_OLDEST = """(
  select created_at from notify.message m where m.channel = c.channel and m.state = '{state}' order by id limit 1
)"""
_DUE = text(f"""
select channel, least({_OLDEST.format(state="created")}, {_OLDEST.format(state="deferred")}) as oldest, (
  select next_attempt_at from notify.message m
  where m.channel = c.channel and m.state in ('created', 'deferred') and not m.digest order by next_attempt_at limit 1
) as due, now() as now
from unnest(cast(:channels as text[])) as c (channel)
""")  # noqa: S608 - our own names
_PAUSE = text("""
insert into notify.channel_pause (channel, paused_by, reason) values (:channel, :by, :why)
on conflict do nothing returning channel
""")


@dataclass(frozen=True)
class Standing:
    """How a channel stands. `oldest`: seconds since the oldest that waits was written; `late`: since the next could have gone."""

    channel: Channel
    waiting: int
    deferred: int
    unknown: int
    oldest: float
    late: float
    next_attempt_at: datetime | None
    pause: ChannelPause | None


def counts(
    session: Session, since: UUID = _BEFORE_ALL, states: Sequence[State] = STATES, most: int = MOST_COUNTED
) -> dict[tuple[str, str], int]:
    """(channel, state) → how many messages from the id `since` on, as far as `most`."""
    values = {"since": since, "most": most, "channels": list(CHANNELS), "states": list(states)}
    return {(row.channel, row.state): row.number for row in session.execute(_COUNTS, values)}


def standings(session: Session) -> list[Standing]:
    """How each channel stands."""
    off = {"webhook"} if not is_on(session, "webhooks") else set()
    number = counts(session, states=("created", "deferred", "unknown"))
    pauses = {pause.channel: pause for pause in session.exec(select(ChannelPause))}
    due = {row.channel: row for row in session.execute(_DUE, {"channels": list(CHANNELS)})}
    return [
        Standing(
            channel,
            waiting=number[channel, "created"],
            deferred=number[channel, "deferred"],
            unknown=number[channel, "unknown"],
            oldest=(row.now - row.oldest).total_seconds() if row.oldest else 0.0,
            late=max((row.now - row.due).total_seconds(), 0.0) if row.due and channel not in off else 0.0,
            next_attempt_at=row.due,
            pause=pauses.get(channel),
        )
        for channel in CHANNELS
        for row in [due[channel]]
    ]


def pause(session: Session, who: Operator, channel: Channel, reason: str) -> None:
    """Stop a channel: what is to go over it waits. Raises Invalid without a reason, Conflict if it is stopped already."""
    why = reason_of(reason)
    if session.execute(_PAUSE, {"channel": channel, "by": who.name, "why": why}).first() is None:
        raise Conflict("This channel is stopped already")
    note(session, who, "channel.paused", channel, reason=why, channel=channel)


def resume(session: Session, who: Operator, channel: Channel, reason: str) -> None:
    """Let a channel go again. Raises Invalid without a reason, Conflict if it is not stopped."""
    why = reason_of(reason)
    found = session.get(ChannelPause, channel, with_for_update=True)
    if found is None:
        raise Conflict("This channel is not stopped")
    session.delete(found)
    note(session, who, "channel.resumed", channel, reason=why, channel=channel)
