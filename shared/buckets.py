"""Token buckets, in the memory of a process."""

from __future__ import annotations

import time
from collections.abc import Callable

# Who was quiet may send this many seconds' worth at once.
BURST = 10.0
_MOST_REMEMBERED = 10_000


class Buckets:
    """Token buckets by name, filled at `rate` a second up to `burst` seconds' worth."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic, *, burst: float = BURST) -> None:
        self._rate = rate
        self._most = max(1.0, rate * burst)
        self._clock = clock
        self._filled: dict[bytes, tuple[float, float]] = {}

    def take(self, name: bytes) -> float:
        """Take a token: 0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, at = self._filled.pop(name, (self._most, now))
        tokens = min(self._most, tokens + (now - at) * self._rate)
        taken = tokens >= 1
        self._filled[name] = (tokens - 1 if taken else tokens, now)
        if len(self._filled) > _MOST_REMEMBERED:  # the one that was quiet longest has most likely a full bucket
            del self._filled[next(iter(self._filled))]
        return 0.0 if taken else (1 - tokens) / self._rate
