"""Processes an earlier run left behind, when its supervisor was killed before it could end them.

They are recognised by what they are, never by a remembered process id, which the system may have given to somebody else.
Linux only; elsewhere the servers' own lock files have to do.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

PART = "MADOGUCHI_PART"
HOME = "MADOGUCHI_HOME"


def servers_in(folder: Path, program: str) -> list[int]:
    """Processes of `program` that work in `folder`, as PostgreSQL and Valkey do in their data folder."""

    def matches(process: Path) -> bool:
        # A program replaced by an upgrade is shown as "… (deleted)".
        name = (process / "exe").readlink().name.removesuffix(" (deleted)")
        return name == program and (process / "cwd").readlink() == folder.resolve()

    return list(_processes(matches))


def parts_of(home: Path, part: str) -> list[int]:
    """Processes of the Python part `part` that serve `home`, their own children included."""
    wanted = {f"{PART}={part}".encode(), f"{HOME}={home}".encode()}

    def matches(process: Path) -> bool:
        return wanted <= set((process / "environ").read_bytes().split(b"\0"))

    return list(_processes(matches))


def end(find: Callable[[], list[int]], polite: signal.Signals, hard: signal.Signals, patience: float) -> None:
    """Ask the processes `find` names to end, and after `patience` seconds end them. Returns when none is left."""
    for one_signal, seconds in ((polite, patience), (hard, 5.0), (signal.SIGKILL, 5.0)):
        for process in find():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, one_signal)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not find():
                return
            time.sleep(0.05)


def _processes(matches: Callable[[Path], bool]) -> Iterator[int]:
    proc = Path("/proc")
    if not proc.is_dir():
        return
    for entry in proc.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        # Gone meanwhile, a zombie, or another person's.
        with suppress(OSError):
            if matches(entry):
                yield int(entry.name)
