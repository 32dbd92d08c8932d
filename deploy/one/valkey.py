"""Valkey, the Redis-compatible broker, from its wheel: durable within a second, never evicting, behind a password."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.one import leftovers
from deploy.one.binaries import valkey_server
from deploy.one.files import write_private
from deploy.one.ports import LOOPBACK, free_ports
from deploy.one.process import Part, Running

# Bells only, no payloads: far more than they need, and a bound for the machine. When full it refuses writes; the sweeper
# rings again later, since the work itself is in PostgreSQL.
MEMORY = "256mb"
WELL = b"+OK\r\n+PONG\r\n"


@dataclass(frozen=True)
class Valkey:
    """A server whose files are in the folder `data`. `durable=False` writes nothing to disk."""

    data: Path
    port: int
    password: str
    log: Path
    durable: bool = True

    @property
    def url(self) -> str:
        """URL for Celery and redis-py. The password must be URL-safe."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def part(self) -> Part:
        """What the supervisor runs. Raises StartError if it can't run here."""
        return Part(
            name="valkey",
            command=(str(valkey_server()), str(self.data / "valkey.conf")),
            environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
            folder=self.data.parent,
            log=self.log,
            ready=lambda _: self.answers(),
            before=self._prepare,
            address=f"{LOOPBACK}:{self.port}",
        )

    def answers(self) -> bool:
        """Whether it takes our password and answers, its data loaded."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while len(answer) < len(WELL) and (more := connection.recv(256)):
                    answer += more
        except OSError:
            return False
        return answer == WELL

    def _prepare(self) -> None:
        end_left_over(self.data)
        self.data.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "protected-mode": "yes",
            # In a file, since command lines are visible to everybody on the machine.
            "requirepass": self.password,
            "dir": json.dumps(str(self.data), ensure_ascii=False),  # quoted as its configuration file wants it
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": MEMORY,
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
            "daemonize": "no",
        }
        write_private(self.data / "valkey.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))


def end_left_over(data: Path) -> None:
    """End a server of this folder that an earlier run left."""
    leftovers.end(lambda: leftovers.servers_in(data, "valkey-server"), signal.SIGTERM, signal.SIGKILL, patience=5.0)


@contextmanager
def ephemeral() -> Iterator[Valkey]:
    """A running broker in a throw-away folder, for tests."""
    with tempfile.TemporaryDirectory(prefix="madoguchi-valkey-") as folder:
        place = Path(folder)
        server = Valkey(place / "data", free_ports(1)[0], secrets.token_urlsafe(24), place / "valkey.log", durable=False)
        running = Running(server.part())
        try:
            running.wait_ready()
            yield server
        finally:
            running.end()
