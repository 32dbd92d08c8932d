"""When each task of the schedule ran last: workers note it in the broker, and operators see whether beat still wakes them.

It is worth nothing tomorrow, and belongs to the broker that carried the waking: no table is written every few seconds.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import redis
from celery import signals
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from pydantic import SecretStr

KEY = "madoguchi-wakings"
# An errand that is rung for all the time is noted once a second by each process.
REST = 1.0
# What did not run for so many of its intervals, and a minute besides, stands still.
MISSED = 3.0


@dataclass(frozen=True)
class Waking:
    """A task that beat wakes every so many seconds; when it ran last, if it did, and whether it came to its end.

    `since` is when a worker said first that there is such a task.
    """

    name: str
    every: float
    at: datetime | None
    ok: bool
    since: datetime | None = None

    @property
    def queue(self) -> str:
        """The queue that its messages wait in."""
        return self.name.rpartition(".")[0]

    def late(self, now: datetime) -> bool:
        """Whether it should have run by now."""
        last = self.at or self.since
        return last is None or (now - last).total_seconds() > MISSED * self.every + 60


def note_them(schedule: Mapping[str, Any], broker_url: SecretStr) -> None:
    """From now on the workers of this process note when a task of `schedule` (Celery's beat_schedule) ran."""
    noter = _Noter({name: float(entry["schedule"]) for name, entry in schedule.items()}, broker_url)
    signals.worker_ready.connect(noter.begin, weak=False)
    signals.task_postrun.connect(noter.ran, weak=False)


class _Noter:
    def __init__(self, every: Mapping[str, float], broker_url: SecretStr) -> None:
        self._every = every
        self._url = broker_url
        self._clients: dict[int, redis.Redis] = {}
        self._noted: dict[str, float] = {}

    def begin(self, **_: object) -> None:
        """What is never woken is known all the same."""
        with contextlib.suppress(redis.RedisError):
            for name, every in self._every.items():
                told = {"every": every, "at": None, "ok": True, "since": time.time()}
                self._client().hsetnx(KEY, name, orjson.dumps(told))

    def ran(self, sender: Any = None, state: str = "", **_: object) -> None:
        """A task came to its end, good or bad."""
        every, now = self._every.get(sender.name), time.monotonic()
        if every is None or now - self._noted.get(sender.name, -REST) < REST:
            return
        self._noted[sender.name] = now
        with contextlib.suppress(redis.RedisError):  # nothing depends on it
            self._client().hset(KEY, sender.name, orjson.dumps({"every": every, "at": time.time(), "ok": state == "SUCCESS"}))

    def _client(self) -> redis.Redis:
        """One for each process: connections do not survive a fork."""
        if os.getpid() not in self._clients:
            self._clients = {os.getpid(): client_of(self._url)}
        return self._clients[os.getpid()]


def client_of(broker_url: SecretStr) -> redis.Redis:
    """A connection to the broker that answers soon or fails."""
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(broker_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2, retry=once)


def read(client: redis.Redis) -> list[Waking]:
    """All that is known, by name. Raises redis.RedisError."""
    found: Any = client.hgetall(KEY)
    made = []
    for name, value in sorted(found.items()):
        told = orjson.loads(value)
        at, since = (datetime.fromtimestamp(told[key], UTC) if told.get(key) else None for key in ("at", "since"))
        made.append(Waking(name.decode(), told["every"], at, told["ok"], since))
    return made
