"""PostgreSQL on a restored copy: it replays the log up to a target, reachable by us alone, and is asked what it has."""

from __future__ import annotations

import gzip
import io
import re
import shlex
import signal
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from deploy.backup import base as bases
from deploy.backup.errors import Broken, Refused
from deploy.backup.server import Lsn, plain, programs, run
from deploy.backup.wal import called, from_segment
from deploy.one.account import unprivileged
from deploy.one.errors import StartError
from deploy.one.process import Part, Running

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

    from deploy.backup.base import Base
    from deploy.backup.vault import Vault

# A recovered server needs no less of these than the one that wrote the log.
_AT_LEAST = re.compile(r"^(max_\w+) setting: +(\d+)$", re.MULTILINE)
_CALLED = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}
_TOO_EARLY = "recovery ended before configured recovery target was reached"
HOURS = 48 * 3600.0  # a large log takes its time


# The last record of the log may not have come over whole.
_SLACK = 1024**2


@dataclass(frozen=True)
class Target:
    """Up to where the log is replayed: to its end, which is not before `end`, or as PostgreSQL's `settings` say it.

    With `pause` it then waits to be asked, still read-only.
    """

    settings: tuple[tuple[str, str], ...] = ()
    end: Lsn | None = None
    pause: bool = False


def lay_out(vault: Vault, base: Base, key: Identity, data: Path) -> None:
    """Unpack a base into a new folder, and verify each of its files. Raises BackupError, StorageError."""
    data.mkdir(mode=0o700, exist_ok=True)
    program = run("postgres", "--version").split()[2].partition(".")[0]
    if program != base.postgres.partition(".")[0]:
        raise Refused(
            f"The backup is of PostgreSQL {base.postgres}; the programs here are of {program}. Use those of the same version."
        )
    try:
        with vault.reading(base.parts, key) as content, tarfile.open(fileobj=content, mode="r|gz") as archive:
            archive.extractall(data, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise Broken(f"The base {base.id} is broken ({type(error).__name__}).") from None
    run("pg_verifybackup", "--quiet", str(data))


def fetch_log(vault: Vault, base: Base, key: Identity, folder: Path) -> int:
    """Decrypt the log that goes on from a base into a folder; how many segments. Raises BackupError, StorageError."""
    folder.mkdir(mode=0o700)
    names = from_segment(sorted(vault.names("wal")), base.timeline, bases.first_segment(base))
    for name in names:
        packed = io.BytesIO()
        vault.get_into(name, key, packed)
        try:
            (folder / called(name)).write_bytes(gzip.decompress(packed.getvalue()))
        except (OSError, EOFError):
            raise Broken(f"{name} is broken: it does not unpack.") from None
    return len(names)


@contextmanager
def recovered(data: Path, log: Path, database: str, target: Target) -> Iterator[str]:
    """The server when it has replayed the log: its address for SQLAlchemy. It ends afterwards. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="madoguchi-restore-") as folder:
        place = Path(folder)
        url = f"postgresql+psycopg://postgres@/{database}?host={place}"
        running, reached = _replayed(data, log, place, target, lambda: _is_there(url, paused=target.pause))
        try:
            if not reached.settings:
                _must_have_reached(url, target.end)
            yield url
        finally:
            running.end()


def _must_have_reached(url: str, end: Lsn | None) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("select pg_last_wal_replay_lsn()::text").fetchone()
    if end is not None and row and row[0] and Lsn.of(row[0]).at < end.at - _SLACK:
        raise Broken(f"The log ends at {row[0]}, before {end}: something of it is missing.")


def _replayed(data: Path, log: Path, place: Path, target: Target, is_there: Callable[[], bool]) -> tuple[Running, Target]:
    running = Running(_part(data, log, place, target, is_there))
    try:
        running.wait_ready(HOURS)
    except StartError as error:
        running.end()
        if _TOO_EARLY in str(error) and target.settings and not target.pause:
            # Nothing was committed after that time: all there is is what was asked for.
            return _replayed(data, log, place, replace(target, settings=()), is_there)
        raise Broken(f"PostgreSQL cannot recover this backup.\n{error}") from None
    except BaseException:
        running.end()
        raise
    return running, target


def _part(data: Path, log: Path, place: Path, target: Target, is_there: Callable[[], bool]) -> Part:
    account = unprivileged(data, programs())
    for owned in (data, log, place):
        account.own(owned)
    rights = place / "pg_hba.conf"
    rights.write_text("local all postgres trust\n")  # over a socket in a folder that only we can enter
    account.own(rights)
    (data / "recovery.signal").touch()
    account.own(data / "recovery.signal")
    found = _AT_LEAST.findall(run("pg_controldata", str(data)))
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(place),
        "hba_file": str(rights),
        "restore_command": f"cp {shlex.quote(str(log))}/%f %p",
        "recovery_target_timeline": "current",
        "recovery_target_action": "pause" if target.pause else "promote",
        "hot_standby": "on",
        "fsync": "off",  # whoever keeps what is restored writes all of it to the disk at the end
        "logging_collector": "off",
        "archive_mode": "off",
        "ssl": "off",
        "shared_buffers": "64MB",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        **{_CALLED.get(name, name): value for name, value in found},
        **dict(target.settings),
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        command=(str(programs() / "postgres"), "-D", str(data), *options),
        environment=plain(),
        folder=data.parent,
        log=place / "log",
        ready=lambda _: is_there(),
        account=account,
        polite=signal.SIGINT,
        hard=signal.SIGQUIT,
        patience=60.0,
    )


def _is_there(url: str, *, paused: bool) -> bool:
    query = (
        "select pg_is_in_recovery() and pg_get_wal_replay_pause_state() = 'paused'"
        if paused
        else "select not pg_is_in_recovery()"
    )
    try:
        with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
            row = connection.execute(query.encode()).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])
