"""A base: the whole database cluster as it was in one moment, from which the log goes on."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.backup.counting import Point
from deploy.backup.errors import BackupError, Broken
from deploy.backup.server import Lsn, Server, ending, last_line, programs
from deploy.backup.vault import Stored, Vault

_START = re.compile(r"log start point: (\S+) on timeline (\d+)")
_END = re.compile(r"log end point: (\S+)")
FORMAT = 1
ID = "%Y%m%dt%H%M%Sz"


@dataclass(frozen=True)
class Base:
    """What its manifest says. `ended` is the earliest moment that can be restored from it."""

    id: str
    began: datetime
    ended: datetime
    database: str
    postgres: str
    timeline: int
    start: str
    end: str
    parts: list[Stored]
    point: Point | None = None
    format: int = field(default=FORMAT)

    @property
    def size(self) -> int:
        """Bytes in the store."""
        return sum(part.size for part in self.parts)

    def written(self) -> dict[str, Any]:
        """As its manifest says it."""
        return asdict(self)

    @classmethod
    def read(cls, said: dict[str, Any]) -> Base:
        """From a manifest. Raises Broken."""
        try:
            if said["format"] != FORMAT:
                raise Broken(f"The base {said['id']} was written by another version of Madoguchi; restore it with that one.")
            times = {name: datetime.fromisoformat(said[name]) for name in ("began", "ended")}
            point = Point(**said["point"]) if said["point"] else None
            return cls(**(said | times | {"parts": [Stored(**part) for part in said["parts"]], "point": point}))
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"A manifest is broken ({error}).") from None


def take(vault: Vault, server: Server) -> Base:
    """Copy the cluster into the store. Without a manifest it does not count yet. Raises BackupError, StorageError."""
    began = datetime.now(UTC)
    base_id = began.strftime(ID)
    with tempfile.TemporaryFile() as says:
        what = ("--format=tar", "--wal-method=fetch", "--manifest-checksums=SHA256", "--checkpoint=fast", "--compress=1")
        copying = subprocess.Popen(
            (
                str(programs() / "pg_basebackup"),
                "--pgdata=-",
                "--verbose",
                *what,
                f"--label=madoguchi {base_id}",
                *server.arguments,
            ),
            env=server.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=says,
        )
        assert copying.stdout is not None  # noqa: S101 - it is a pipe
        try:
            parts = vault.put_in_parts(f"bases/{base_id}", copying.stdout)
        finally:
            copying.stdout.close()
            if copying.poll() is None:
                try:
                    copying.wait(60)  # it says a last word
                except subprocess.TimeoutExpired:
                    ending(copying)
        says.seek(0)
        said = says.read().decode(errors="replace")
    start, end = _START.search(said), _END.search(said)
    if copying.returncode != 0 or not start or not end:
        raise BackupError(f"pg_basebackup failed: {last_line(said)}")
    with server.connect() as connection:
        row = connection.execute("select clock_timestamp(), current_setting('server_version')").fetchone()
    assert row is not None  # noqa: S101 - a select without from
    return Base(base_id, began, row[0], server.database, row[1], int(start[2]), start[1], end[1], parts)


def publish(vault: Vault, base: Base) -> None:
    """Write the manifest: from now on it counts. Raises StorageError."""
    vault.note(f"bases/{base.id}/manifest", base.written())
    vault.announce()


def every(vault: Vault) -> list[Base]:
    """All bases of a house, oldest first. Raises Broken, StorageError."""
    names = (name for name in vault.names("bases") if name.endswith("/manifest"))
    return sorted((Base.read(vault.noted(name)) for name in names), key=lambda base: base.began)


def newest_began(vault: Vault) -> datetime | None:
    """When the newest base was begun, by its name. Raises StorageError."""
    ids = [name.split("/")[1] for name in vault.names("bases") if name.endswith("/manifest")]
    return datetime.strptime(max(ids), ID).replace(tzinfo=UTC) if ids else None


def first_segment(base: Base) -> int:
    """The segment of the log from which recovery of a base goes on."""
    return Lsn.of(base.start).segment
