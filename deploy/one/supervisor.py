"""Keeps the parts running: starts them, starts again what dies, and ends them in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.one.errors import StartError
from deploy.one.process import Part, Running

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before the 1st, 2nd … restart in a row
STEADY = 60.0  # seconds a part must run before its next death counts as the first again

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn the first signal to end into StopRequested; from then on we are ending, and further ones change nothing."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        ignore_signals()
        raise StopRequested

    # Under nohup SIGHUP is ignored, and stays so.
    before = {
        one: signal.signal(one, stop) for one in STOP_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def ignore_signals() -> None:
    """From now on we are ending anyway, and must not be interrupted in it."""
    for one in STOP_SIGNALS:
        signal.signal(one, signal.SIG_IGN)


class Supervisor:
    """Runs parts from one thread, which must be the main one and live as long as they do."""

    def __init__(self, say: Callable[[str], None], changed: Callable[[], None] = lambda: None) -> None:
        """`say` tells the person at the keyboard what happens; `changed` is called when a part has a new process."""
        self._say = say
        self._changed = changed
        self._lives: dict[str, Running] = {}
        self._deaths: dict[str, int] = {}
        self._again: dict[str, float] = {}

    def start(self, part: Part) -> Running:
        """Start a part and look after it from now on. Raises StartError."""
        try:
            life = self._lives[part.name] = Running(part)
        except OSError as error:
            raise StartError(
                f"{part.name} can't be started ({error.strerror}: {error.filename}).", "Try: madoguchi doctor"
            ) from error
        return life

    @property
    def lives(self) -> list[Running]:
        """The parts' present processes, in the order of their first start."""
        return list(self._lives.values())

    def watch(self) -> None:
        """Start again what dies, for ever. Ends by StopRequested."""
        while True:
            self.look()
            time.sleep(0.25)

    def look(self) -> None:
        """One look at all parts."""
        for name, life in list(self._lives.items()):
            if name in self._again:
                if time.monotonic() >= self._again[name]:
                    del self._again[name]
                    self._restart(life.part)
            elif how := life.ended():
                life.end_orphans()
                self._plan_restart(life, how)

    def restarts(self, name: str) -> int:
        """How often a part had to be started again in a row."""
        return self._deaths.get(name, 0)

    def stop(self, *order: tuple[str, ...]) -> None:
        """End the parts: those of one group at the same time, one group after the other."""
        for group in order:
            lives = [self._lives[name] for name in group if name in self._lives]
            for life in lives:
                life.ask_to_end()
            since = time.monotonic()
            for life in lives:
                life.end(patience=max(0.1, life.part.patience - (time.monotonic() - since)))

    def _plan_restart(self, life: Running, how: str) -> None:
        name = life.part.name
        steady = time.monotonic() - life.started > STEADY
        deaths = 1 if steady else self._deaths.get(name, 0) + 1
        wait = BACKOFF[min(deaths, len(BACKOFF)) - 1]
        self._deaths[name] = deaths
        self._again[name] = time.monotonic() + wait
        self._say(f"{name} ended ({how}); it starts again in {wait:.0f} s. Its log: {life.part.log}")

    def _restart(self, part: Part) -> None:
        try:
            self._lives[part.name] = Running(part)
        except (StartError, OSError) as error:
            self._deaths[part.name] = self._deaths.get(part.name, 0) + 1
            self._again[part.name] = time.monotonic() + BACKOFF[-1]
            self._say(f"{part.name} can't be started: {error}")
            return
        self._say(f"{part.name} started again")
        self._changed()
