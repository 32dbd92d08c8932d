"""How fast one process writes to one recipient's side, such as a domain: at a time, and a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from services.notify.models import Message

# Sides that are remembered; those with nothing under way are forgotten first.
_MOST_SIDES = 1_000
_FIRST_GUESS = 0.5  # seconds that a message takes, before one has told


@dataclass
class _Side:
    tokens: float
    counted_at: float
    under_way: int = 0
    seconds: float = _FIRST_GUESS
    # When the last one of those that wait comes again.
    last_in_line: float = 0.0


class Pace:
    """Says of each message whether it may go now, or when to ask again. Not for several threads at once."""

    def __init__(self, side_of: Callable[[Message], str], *, at_once: int = 0, per_second: float = 0.0) -> None:
        """`at_once`, `per_second`: 0 for no limit. As many may go together as may go in a second."""
        self._side_of = side_of
        self._at_once = at_once
        self._per_second = per_second
        self._sides: dict[str, _Side] = {}

    def begin(self, message: Message) -> float:
        """0: it may go, with `end` to follow. Else the seconds to wait; who waits comes again one after the other."""
        if not self._at_once and not self._per_second:
            return 0.0
        now = monotonic()
        side = self._side(self._side_of(message), now)
        if self._at_once and side.under_way >= self._at_once:
            return self._in_line(side, now, side.seconds / self._at_once)
        if self._per_second and side.tokens < 1:
            return self._in_line(side, now, 1 / self._per_second)
        side.tokens -= 1
        side.under_way += 1
        return 0.0

    def end(self, message: Message, seconds: float) -> None:
        """It is done, and took so long."""
        if side := self._sides.get(self._side_of(message)):
            side.under_way = max(0, side.under_way - 1)
            side.seconds += (seconds - side.seconds) / 8

    def _side(self, name: str, now: float) -> _Side:
        most = max(1.0, self._per_second)
        side = self._sides.get(name)
        if side is None:
            if len(self._sides) >= _MOST_SIDES:
                self._sides = {one: kept for one, kept in self._sides.items() if kept.under_way}
            side = self._sides[name] = _Side(most, now)
        side.tokens = min(most, side.tokens + (now - side.counted_at) * self._per_second)
        side.counted_at = now
        return side

    @staticmethod
    def _in_line(side: _Side, now: float, apart: float) -> float:
        side.last_in_line = max(side.last_in_line, now) + max(apart, 0.02)
        return side.last_in_line - now
