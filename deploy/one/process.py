"""A process of this machine: in its own session, its output in a log file, and gone when the supervisor is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.one.account import Account
from deploy.one.errors import StartError

PR_SET_PDEATHSIG = 1
LOG_KEPT = 10_000_000  # bytes; a longer log is put aside as .old at the next start
# Loaded now: between fork and exec nothing may be loaded any more.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _nothing() -> None:
    return


@dataclass(frozen=True, kw_only=True)
class Part:
    """What to run, how to tell that it is ready, and how to end it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    ready: Callable[[int], bool]
    """Whether the process with this id does its work now; asked again and again, so it must be quick."""
    before: Callable[[], None] = _nothing
    """Puts right what an earlier run left; called before every start."""
    address: str = ""
    account: Account = field(default_factory=Account)
    polite: signal.Signals = signal.SIGTERM
    hard: signal.Signals = signal.SIGKILL
    patience: float = 5.0


class Running:
    """One life of a part."""

    def __init__(self, part: Part) -> None:
        """Start it. The thread that calls this must outlive the process: the kernel ends the child with that thread."""
        self.part = part
        self.started = time.monotonic()
        part.before()
        _put_aside(part.log)
        parent = os.getpid()
        with part.log.open("ab") as log:
            self.log_from = log.tell()
            self._process = subprocess.Popen(
                (*part.account.prefix, *part.command),
                env=dict(part.environment),
                cwd=part.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends the parts in order
                user=part.account.uid,
                group=part.account.gid,
                extra_groups=None if part.account.uid is None else [],
                preexec_fn=lambda: _end_with_parent(parent, part.polite),  # noqa: PLW1509 - no thread runs beside us when we fork
            )

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its session and group."""
        return self._process.pid

    def ended(self) -> str:
        """How it ended, in words; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def wait_ready(self, timeout: float = 30.0) -> float:
        """Wait until it does its work; the seconds since its start. Raises StartError with the end of its log."""
        until = time.monotonic() + timeout
        while not self.part.ready(self.pid):
            if how := self.ended():
                raise StartError(f"{self.part.name} ended while starting ({how}).", self._log_says())
            if time.monotonic() > until:
                raise StartError(f"{self.part.name} was not ready after {timeout:.0f} s.", self._log_says())
            time.sleep(0.02)
        return time.monotonic() - self.started

    def wait_done(self, timeout: float) -> float:
        """Wait until it has done its work and ended; the seconds since its start. Raises StartError if it failed."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.end()
            raise StartError(f"{self.part.name} was not done after {timeout:.0f} s.", self._log_says()) from None
        if code != 0:
            raise StartError(f"{self.part.name} failed ({self.ended()}).", self._log_says())
        return time.monotonic() - self.started

    def ask_to_end(self) -> None:
        """Send the polite signal; it may still have work to finish."""
        if not self.ended():
            self._process.send_signal(self.part.polite)

    def end(self, patience: float | None = None) -> None:
        """End it, politely for `patience` seconds (default: as the part says), then harder. Its children end too."""
        seconds = self.part.patience if patience is None else patience
        self.ask_to_end()
        for stronger, wait in ((self.part.hard, seconds), (signal.SIGKILL, 3.0)):
            try:
                self._process.wait(wait)
                break
            except subprocess.TimeoutExpired:
                self._process.send_signal(stronger)
        self._process.wait()
        self.end_orphans()

    def end_orphans(self) -> None:
        """After it ended: end what it started and did not end itself (a killed worker leaves its pool behind)."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _log_says(self) -> str:
        with self.part.log.open("rb") as log:
            log.seek(self.log_from)
            lines = log.read().decode(errors="replace").strip().splitlines()[-12:]
        return "\n  ".join([f"The end of {self.part.log}:", *lines])


def is_alive(pid: int) -> bool:
    """Whether this process exists and is not just waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    # The state follows the name, which is in brackets and may hold anything.
    return not (stat.exists() and stat.read_text().rpartition(") ")[2].startswith("Z"))


def _put_aside(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > LOG_KEPT:
        log.replace(log.with_name(log.name + ".old"))


def _end_with_parent(parent: int, polite: signal.Signals) -> None:
    """In the child, before exec: be sent `polite` when the supervisor dies, even by kill -9."""
    if _prctl is None:
        return
    _prctl(PR_SET_PDEATHSIG, int(polite))
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
