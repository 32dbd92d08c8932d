"""PostgreSQL as the backups see it: its programs, its connections, and where its write-ahead log is."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from deploy.backup.errors import BackupError
from deploy.one.binaries import postgres_programs
from deploy.one.errors import StartError
from deploy.one.leftovers import HOME, PART

PROGRAMS = "MADOGUCHI_POSTGRES_PROGRAMS"
NAME = "madoguchi-backup"
SEGMENT = re.compile(r"[0-9A-F]{24}")
SEGMENT_BYTES = 16 * 1024**2
_PER_LOG = 2**32 // SEGMENT_BYTES


def programs() -> Path:
    """The folder of pg_basebackup and its kin: MADOGUCHI_POSTGRES_PROGRAMS, else the wheel's. Raises BackupError."""
    if named := os.environ.get(PROGRAMS):
        return Path(named)
    try:
        return postgres_programs()
    except StartError as error:
        raise BackupError(str(error)) from None


def run(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run one of PostgreSQL's programs to its end; what it says. Raises BackupError with the last it said."""
    done = subprocess.run(
        [programs() / program, *arguments], env=plain(environment), capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode != 0:
        raise BackupError(f"{program} failed: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def plain(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which the programs do what they are told and nothing else."""
    ours = {name: os.environ[name] for name in (HOME, PART) if name in os.environ}  # how processes left behind are recognised
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", **ours, **(more or {})}


def last_line(says: str) -> str:
    """What a program said last."""
    return next((line for line in reversed(says.splitlines()) if line.strip()), "it did not say why")


@dataclass(frozen=True, order=True)
class Lsn:
    """A place in the write-ahead log."""

    at: int

    @classmethod
    def of(cls, written: str) -> Lsn:
        """As PostgreSQL writes it, such as 0/3000028."""
        high, low = written.split("/")
        return cls(int(high, 16) << 32 | int(low, 16))

    @property
    def segment(self) -> int:
        """The number of its segment."""
        return self.at // SEGMENT_BYTES

    def __str__(self) -> str:
        return f"{self.at >> 32:X}/{self.at & 0xFFFFFFFF:X}"


@dataclass(frozen=True)
class Through:
    """Up to when and to which place the log is there, and on which timeline: each restored house begins a new one."""

    at: datetime
    lsn: Lsn
    timeline: int


def segment_number(name: str) -> int:
    """The number of a segment by its file's name, whatever its timeline."""
    return int(name[8:16], 16) * _PER_LOG + int(name[16:24], 16)


class Server:
    """The server that is backed up, reached by the role of the backups."""

    def __init__(self, url: str) -> None:
        parts = make_url(url)
        self._password = str(parts.password or "")
        options = {key: str(value) for key, value in parts.query.items()}
        self.database = str(parts.database)
        self._conninfo = make_conninfo(
            "", host=parts.host, port=parts.port, user=parts.username, application_name=NAME, connect_timeout=10, **options
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """How its programs reach it. The password is not among them."""
        return ("--dbname", self._conninfo, "--no-password")

    @property
    def environment(self) -> dict[str, str]:
        """The environment for its programs, which has the password."""
        return plain({"PGPASSWORD": self._password})

    def connect(self) -> psycopg.Connection:
        """A connection that commits by itself. Raises psycopg.OperationalError."""
        return psycopg.connect(self._conninfo, password=self._password, dbname=self.database, autocommit=True)

    @contextmanager
    def _one(self, query: str, *values: object) -> Iterator[tuple[object, ...]]:
        with self.connect() as connection:
            yield connection.execute(query.encode(), values or None).fetchone() or ()

    @cached_property
    def house(self) -> str:
        """What the backups of this cluster, and of what is restored from them, are called."""
        with self._one("select system_identifier, current_setting('wal_segment_size') from pg_control_system()") as row:
            identifier, segment = row
        if segment != "16MB":
            raise BackupError(f"PostgreSQL's log has segments of {segment}; backups know those of 16MB (initdb's default).")
        return f"house-{identifier}"

    def flushed(self) -> Through:
        """Up to where its log is on its disk now: what was committed until then is before that."""
        query = "select clock_timestamp(), lsn::text, pg_walfile_name(lsn) from pg_current_wal_flush_lsn() as lsn"
        with self._one(query) as row:
            at, lsn, file = row
        assert isinstance(at, datetime)  # noqa: S101 - PostgreSQL's types
        return Through(at, Lsn.of(str(lsn)), int(str(file)[:8], 16))

    def is_received(self, until: Lsn, within: float) -> bool:
        """Whether pg_receivewal has written down the log up to there, or does so in time."""
        end = time.monotonic() + within
        query = "select max(write_lsn)::text from pg_stat_replication where application_name = %s and state = 'streaming'"
        with self.connect() as connection:
            while True:
                row = connection.execute(query, [NAME]).fetchone()
                if row and row[0] and Lsn.of(row[0]) >= until:
                    return True
                if time.monotonic() > end:
                    return False
                time.sleep(0.1)

    def make_slot(self, slot: str) -> bool:
        """Have the server keep its log for us; whether it did not do so until now, because of which something may be missing."""
        with self.connect() as connection:
            known = connection.execute("select wal_status from pg_replication_slots where slot_name = %s", [slot]).fetchone()
            if known and known[0] != "lost":
                return False
            if known:
                connection.execute("select pg_drop_replication_slot(%s)", [slot])
            connection.execute("select pg_create_physical_replication_slot(%s, true)", [slot])
            return True


def ending(process: subprocess.Popen[bytes], within: float = 10.0) -> None:
    """End a program politely, then hard."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def sequence(names: Sequence[str], first: int) -> int:
    """The number of the last segment that follows `first` without a gap; one less than `first` if that is missing itself."""
    have = {segment_number(name) for name in names}
    while first in have:
        first += 1
    return first - 1
