"""The write-ahead log on its way into the store: pg_receivewal writes it down as it comes, and each round puts it away.

A slot makes the server keep what was not received yet (within its max_slot_wal_keep_size). What was received lies in the spool
until it is in the store; the segment that grows is put there again and again as `-partial`.
"""

from __future__ import annotations

import fcntl
import gzip
import io
import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.backup.errors import Refused
from deploy.backup.server import SEGMENT, Server, Through, ending, last_line, programs, segment_number

if TYPE_CHECKING:
    from deploy.backup.vault import Vault

PARTIAL = ".partial"
SLOT = "madoguchi_backup"
PATIENCE = 10.0  # seconds for what is committed to come over
_log = logging.getLogger(__name__)


@contextmanager
def spool_of(folder: Path) -> Iterator[Path]:
    """The spool, for ourselves. Raises Refused when another process has it."""
    wal = folder / "wal"
    wal.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"Another process makes backups over {folder}.") from None
        yield wal


class Receiver:
    """pg_receivewal, kept running while there is room in the spool."""

    def __init__(self, server: Server, spool: Path, *, slot: str | None = SLOT, most: int = 2**63) -> None:
        self._server, self._spool, self._slot, self._most = server, spool, slot, most
        self._process: subprocess.Popen[bytes] | None = None

    def keep_running(self) -> bool:
        """Start it, or start it again; whether something of the log may have been missed, so that a new base is needed.

        Raises psycopg.OperationalError when the server cannot be asked.
        """
        missed = self._slot is not None and self._server.make_slot(self._slot)
        if missed:
            self.end()
            for file in self._spool.iterdir():  # it would begin after what lies here, which the server may not have any more
                file.unlink()
        if sum(file.stat().st_size for file in self._spool.iterdir()) > self._most:
            _log.error("the spool is full: PostgreSQL keeps its log meanwhile, within its own limit")
            self.end()
        elif self._process is None or self._process.poll() is not None:
            self._start()
        return missed

    def _start(self) -> None:
        options = ("--status-interval", "1", *(("--slot", self._slot) if self._slot else ()))
        with (self._spool.parent / "pg_receivewal.log").open("wb") as log:
            self._process = subprocess.Popen(
                (str(programs() / "pg_receivewal"), "--directory", str(self._spool), *options, *self._server.arguments),
                env=self._server.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def says(self) -> str:
        """What it said last."""
        log = self._spool.parent / "pg_receivewal.log"
        return last_line(log.read_text(errors="replace")) if log.exists() else ""

    def end(self) -> None:
        """End it; what it received stays in the spool."""
        if self._process is not None:
            ending(self._process)


@dataclass(frozen=True)
class Received:
    """What was in the spool at one moment, and up to when that is everything (None: it is not known)."""

    finished: tuple[Path, ...]
    growing: tuple[str, bytes] | None
    through: Through | None


def received(server: Server, spool: Path, within: float = PATIENCE) -> Received:
    """Wait until all that is committed now has come, and take hold of it. Raises psycopg.OperationalError."""
    through = server.flushed()
    complete = server.is_received(through.lsn, within)
    growing = None
    for file in sorted(spool.glob(f"*{PARTIAL}")):
        try:
            growing = (file.name.removesuffix(PARTIAL), file.read_bytes())
        except FileNotFoundError:  # finished this moment; then it is among those below
            growing = None
    finished = tuple(file for file in sorted(spool.iterdir()) if file.suffix != PARTIAL)
    return Received(finished, growing, through if complete else None)


class Archive:
    """Puts what was received into the store."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._newest = (
            ""  # the last finished one that is in the store; it stays in the spool, where pg_receivewal goes on from it
        )

    def put_away(self, what: Received) -> int:
        """Put it into the store, and forget what is finished, but the newest. How many bytes were put.

        Raises StorageError; then it is put away the next time.
        """
        put = 0
        for file in what.finished:
            if file.name > self._newest:
                put += self._vault.put(f"wal/{stored_as(file.name)}", _compressed(file.read_bytes()))
                self._vault.delete(f"wal/{stored_as(file.name)}-partial")
                self._newest = file.name
        for file in what.finished[:-1]:
            file.unlink(missing_ok=True)
        if what.growing is not None:
            name, content = what.growing
            put += self._vault.put(f"wal/{stored_as(name)}-partial", _compressed(content))
        if what.through is not None:
            said = {"at": what.through.at.isoformat(), "lsn": str(what.through.lsn)}
            self._vault.note(f"through/{what.through.timeline:08x}", said)
        return put


def is_of(segment: str, timeline: int) -> bool:
    """Whether a segment is of a timeline."""
    return int(segment[:8], 16) == timeline


def stored_as(file: str) -> str:
    """A file of the log as it is called in the store."""
    return file.lower().replace(".", "-")


def called(name: str) -> str:
    """A name of the store as PostgreSQL's file is called; a partial one without saying so."""
    plain = name.removeprefix("wal/").removesuffix("-partial")
    timeline, _, history = plain.partition("-")
    return f"{timeline.upper()}.{history}" if history else plain.upper()


def _compressed(content: bytes) -> io.BytesIO:
    return io.BytesIO(gzip.compress(content, 1, mtime=0))


def from_segment(names: list[str], timeline: int, first: int) -> list[str]:
    """Of the store's names those that recovery needs from a segment on: a partial one only where the whole one is not there.

    The histories of all timelines are among them, so that whoever is restored begins one that was not there before.
    """
    have = set(names)
    return [
        name
        for name in names
        if not (name.endswith("-partial") and name.removesuffix("-partial") in have)
        and (not SEGMENT.fullmatch(called(name)) or (is_of(called(name), timeline) and segment_number(called(name)) >= first))
    ]
