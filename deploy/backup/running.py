"""Making backups: a base with what belongs to it, and the rounds that put away what is new."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from deploy.backup import base, counting, keeping
from deploy.backup.errors import BackupError, Refused
from deploy.backup.files import Files
from deploy.backup.keys import recipient
from deploy.backup.secrets import Precious
from deploy.backup.server import Server
from deploy.backup.vault import Vault
from deploy.backup.wal import Archive, Receiver, received, spool_of
from shared.database import connect
from shared.operation import runs
from shared.operation.measuring import BASE, REHEARSAL, WAL
from shared.storage import Storage, StorageError, storage_at

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine

    from deploy.backup.settings import Settings

HEADS_SECONDS = 600.0
AGAIN = timedelta(minutes=15)  # until a base or a rehearsal is tried again that failed
A_DAY = timedelta(days=1)
_log = logging.getLogger(__name__)
FAILURES = (BackupError, StorageError, psycopg.Error, SQLAlchemyError, OSError)


@dataclass(frozen=True)
class House:
    """The house that is backed up, and where to."""

    settings: Settings

    @cached_property
    def server(self) -> Server:
        """Its database."""
        return Server(self.settings.database_url.get_secret_value())

    @cached_property
    def storage(self) -> Storage:
        """Its files."""
        return storage_at(self.settings.storage)

    @cached_property
    def vault(self) -> Vault:
        """Its backups. Raises Refused when the store's folder is not there, such as a disk that is not mounted."""
        store = self.settings.store
        if store.startswith("/") and not Path(store).is_dir():
            raise Refused(f"There is no folder {store} (MADOGUCHI_BACKUP_STORE). Make it, or mount its disk.")
        return Vault(storage_at(store), self.server.house, [recipient(one) for one in self.settings.recipients])

    @cached_property
    def engine(self) -> Engine:
        """For the notes of runs. What was committed before such a note is on the disk, even where a server takes its time."""
        return connect(self.settings.database_url, name="backup", pool=1, settings={"synchronous_commit": "on"})

    @contextmanager
    def noted(self, kind: str) -> Iterator[dict[str, Any]]:
        """Note a run, with the report that is filled in meanwhile. What fails is noted and raised."""
        report: dict[str, Any] = {}
        with Session(self.engine) as session:
            run_id = runs.begin(session, kind)
            try:
                yield report
            except FAILURES as error:
                session.rollback()
                runs.finish(session, run_id, report | {"error": said(error)}, failed=True)
                raise
            runs.finish(session, run_id, report)


def _show_life() -> None:
    """Touch the file of the health check, where there is one: a round may take longer than it waits."""
    if file := os.environ.get("MADOGUCHI_ALIVE"):
        while True:
            Path(file).touch()
            time.sleep(5)


def said(error: Exception) -> str:
    """An error in a line, without what a statement of the database would quote."""
    return str(error).strip() if isinstance(error, BackupError | StorageError) else type(error).__name__


def take_base(house: House) -> base.Base:
    """Copy the database, count what is in it, and forget what is too old. Raises what FAILURES names."""
    with house.noted(BASE) as report:
        made = base.take(house.vault, house.server)
        made = replace(made, point=counting.take(house.server))
        base.publish(house.vault, made)
        report |= {"base": made.id, "bytes": made.size, "counted": made.point is not None}
        report["forgotten"] = keeping.forget(house.vault, house.storage, house.settings.keep)
    return made


def now(house: House) -> base.Base:
    """A whole backup at once. Where `run` is at work, the log and the files are its business. Raises what FAILURES names."""
    try:
        with spool_of(house.settings.spool) as _:
            return _whole(house)
    except Refused:
        return take_base(house)


def _whole(house: House) -> base.Base:
    with tempfile.TemporaryDirectory(dir=house.settings.spool) as folder:
        spool = Path(folder, "wal")
        spool.mkdir()
        receiver = Receiver(house.server, spool, slot=None)
        receiver.keep_running()
        try:
            made = take_base(house)
            Rounds(house, spool).one(within=60, heads=True)
        finally:
            receiver.end()
    return made


class Rounds:
    """Put away what is new, again and again."""

    def __init__(self, house: House, spool: Path) -> None:
        self._house, self._spool = house, spool
        self._archive, self._files = Archive(house.vault), Files(house.vault, house.storage)
        self._precious = Precious(house.vault, house.settings.secrets, house.settings.heads)

    def one(self, within: float, *, heads: bool) -> dict[str, Any]:
        """One round; its report. First the log is taken hold of, then the files, so that what it speaks of is there.

        Raises what FAILURES names.
        """
        what = received(self._house.server, self._spool, within)
        report: dict[str, Any] = {"files": self._files.save()}
        if heads:
            self._precious.save()
        report["bytes"] = self._archive.put_away(what)
        if what.through is None:
            raise BackupError("The log does not come over.")
        return report | {"through": what.through.at.isoformat(), "lsn": str(what.through.lsn)}


class Keeper:
    """`madoguchi backup run`: goes on until it is told to end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before: dict[str, datetime] = {}
        self._missed_at = datetime.min.replace(tzinfo=UTC)
        self._heads_at = -HEADS_SECONDS
        self._run: tuple[UUID, datetime] | None = None

    def run(self) -> None:
        """Rounds, and bases and rehearsals when they are due. Ends by SIGTERM or SIGINT. Raises Refused."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        with spool_of(self._house.settings.spool) as spool:
            threading.Thread(target=_show_life, daemon=True).start()
            self.work(spool)

    def work(self, spool: Path) -> None:
        """The same, over a spool that is ours."""
        settings = self._house.settings
        rounds, receiver = Rounds(self._house, spool), Receiver(self._house.server, spool, most=settings.spool_bytes)
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                self._one(receiver, rounds)
                self._stopping.wait(max(0.5, settings.every_seconds - (time.monotonic() - began)))
            self._one(receiver, rounds, last=True)
        finally:
            receiver.end()
            if self._child is not None:
                self._child.terminate()
                self._child.wait()

    def _one(self, receiver: Receiver, rounds: Rounds, *, last: bool = False) -> None:
        try:
            if not last and receiver.keep_running():
                self._missed_at = datetime.now(UTC)
            heads = last or time.monotonic() - self._heads_at > HEADS_SECONDS
            report = rounds.one(3 if last else 10, heads=heads)
            if heads:
                self._heads_at = time.monotonic()
            self._tell(report, last=last)
            if not last:
                self._look_after_children()
        except FAILURES as error:
            _log.error("backup: %s (%s)", said(error), receiver.says())

    def _tell(self, report: dict[str, Any], *, last: bool) -> None:
        """Note how far the log is; a run a day."""
        now_ = datetime.now(UTC)
        with Session(self._house.engine) as session:
            if self._run is None:
                for left in runs.latest(session, WAL, outcome="running", most=10):  # of a process that was killed
                    runs.finish(session, left.id, left.report, failed=True)
                self._run = (runs.begin(session, WAL), now_)
            run_id, since = self._run
            if last or now_ - since > A_DAY:
                runs.finish(session, run_id, report)
                self._run = None
            else:
                runs.tell(session, run_id, report)

    def _look_after_children(self) -> None:
        """Bases and rehearsals are commands of their own: the rounds go on meanwhile."""
        if self._child is not None:
            if self._child.poll() is None:
                return
            self._child = None
        for kind, command in ((BASE, "now"), (REHEARSAL, "rehearse")):
            if self._is_due(kind):
                self._not_before[kind] = datetime.now(UTC) + AGAIN
                self._child = subprocess.Popen([sys.executable, "-m", "deploy.cli", "backup", command], stdin=subprocess.DEVNULL)
                return

    def _is_due(self, kind: str) -> bool:
        settings, at = self._house.settings, datetime.now(UTC)
        if at < self._not_before.get(kind, at):
            return False
        newest = base.newest_began(self._house.vault)
        if kind == BASE:
            return newest is None or newest < self._missed_at or newest + timedelta(hours=settings.base_hours) < at
        if settings.identity is None or newest is None:
            return False
        with Session(self._house.engine) as session:
            rehearsed = runs.latest(session, REHEARSAL, outcome="done")
        return not rehearsed or rehearsed[0].started_at + timedelta(days=settings.rehearsal_days) < at
