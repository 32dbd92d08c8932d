"""`madoguchi up`: starts one machine, keeps it running, ends it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.one import demo, postgres, valkey
from deploy.one.errors import StartError
from deploy.one.home import AlreadyRunning, Home
from deploy.one.parts import PYTHON_PARTS, Site, end_left_over
from deploy.one.ports import LOOPBACK, is_free
from deploy.one.process import Running
from deploy.one.supervisor import StopRequested, Supervisor, ignore_signals, stopping_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Ended in this order: first who takes work, then who carries it, last who keeps it.
STOP_ORDER = (("beat", "web", "worker"), ("mailbox", "valkey", "backup"), ("postgres",))
MIGRATION_SECONDS = 600.0
BACKUP = "MADOGUCHI_BACKUP_"


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    home: Path | None = None
    port: int = 8000
    demo: bool = False
    ephemeral: bool = False


def up(options: Options, say: Callable[[str], None]) -> None:
    """Run the machine until it is told to end. Returns at once if it runs already. Raises StartError."""
    with _home(options) as home:
        home.make()
        try:
            with home.held():
                _Machine(home, options, say).run()
        except AlreadyRunning:
            say(f"Madoguchi is already running at {_address_of(home)} (home {home.path}).")


class _Machine:
    def __init__(self, home: Home, options: Options, say: Callable[[str], None]) -> None:
        self._began = time.monotonic()
        self._home = home
        self._options = options
        self._say = say
        self._supervisor = Supervisor(say, changed=self._tell)

    def run(self) -> None:
        self._say(f"Madoguchi starts in {self._home.path}")
        self._home.forget()
        self._end_left_overs()
        if not is_free(self._options.port):
            raise StartError(
                f"Port {self._options.port} of {LOOPBACK} is taken by another program.",
                f"Choose another with --port, for example --port {self._options.port + 1}, or end that program.",
            )
        self._site = Site(self._home, self._home.choose_ports(), self._options.port)
        self._site.prepared.unlink(missing_ok=True)
        with stopping_on_signals():
            try:
                self._start()
                self._supervisor.watch()
            except StopRequested:
                self._say("Ending …")
            finally:
                ignore_signals()
                self._supervisor.stop(*STOP_ORDER)
                self._home.forget()
                self._say("Ended.")

    def _start(self) -> None:
        site, start = self._site, self._supervisor.start
        # It loads its modules while the servers start, and waits for the database by itself.
        preparing = Running(site.prepare(demo=self._options.demo))
        try:
            servers = [start(site.valkey.part()), start(site.mailbox()), start(site.postgres.part())]
            gated = [start(site.web()), start(site.worker())]
            for life in servers:
                self._ready(life)
            self._done("schemas and procedures", preparing.wait_done(MIGRATION_SECONDS))
        finally:
            preparing.end()
        site.prepared.touch()
        for life in gated:
            self._ready(life)
        # Not waited for: it only wakes who looks for what was lost, and loading it would take a core from the others.
        start(site.beat())
        if backup := site.backup():
            start(backup)
        if self._options.demo:
            began = time.monotonic()
            filed = demo.file_examples(site)
            self._done(f"demo: {filed} example applications", time.monotonic() - began)
        self._tell()
        self._summary()

    def _end_left_overs(self) -> None:
        for name in PYTHON_PARTS:
            end_left_over(self._home, name)
        valkey.end_left_over(self._home.valkey)
        postgres.end_left_over(self._home.postgres)

    def _ready(self, life: Running) -> None:
        self._done(life.part.name, life.wait_ready(), life.part.address)

    def _done(self, what: str, seconds: float, address: str = "") -> None:
        self._say(f"  {what:<28} ready after {seconds:4.1f} s   {address}".rstrip())

    def _tell(self) -> None:
        self._home.tell(
            pid=os.getpid(),
            base_url=self._site.base_url,
            mailbox_url=self._site.mailbox_url,
            port=self._options.port,
            backup={name: value for name, value in self._site.settings().items() if name.startswith(BACKUP)},
            parts=[
                {
                    "name": life.part.name,
                    "pid": life.pid,
                    "address": life.part.address,
                    "log": str(life.part.log),
                    "restarts": self._supervisor.restarts(life.part.name),
                }
                for life in self._supervisor.lives
            ],
        )

    def _summary(self) -> None:
        lines = [
            "",
            f"Madoguchi is ready after {time.monotonic() - self._began:.1f} s.",
            f"  applicants  {self._site.base_url}/",
            f"  officials   {self._site.base_url}/desk",
            f"  open data   {self._site.base_url}/data",
            f"  operators   {self._site.base_url}/console",
            f"  API         {self._site.base_url}/docs",
            f"  mailbox     {self._site.mailbox_url}",
            f"  logs        {self._home.logs}",
            f"  files       {self._home.storage}, {self._scanned()}",
        ]
        if self._options.demo:
            lines.append(f"  keys        {self._home.demo}")
        ending = "Ctrl-C ends it and deletes everything." if self._options.ephemeral else "Ctrl-C ends it; what was filed stays."
        self._say("\n".join([*lines, ending]))

    def _scanned(self) -> str:
        clamd = self._site.settings().get("MADOGUCHI_CLAMD")
        return (
            f"scanned for viruses by {clamd}"
            if clamd
            else "not scanned for viruses (set MADOGUCHI_CLAMD to the address of a clamd)"
        )


@contextmanager
def _home(options: Options) -> Iterator[Home]:
    if not options.ephemeral:
        yield Home.at(options.home)
        return
    folder = tempfile.mkdtemp(prefix="madoguchi-")
    try:
        yield Home.at(Path(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _address_of(home: Home) -> str:
    """Where the machine of this home answers; waits while it is still starting."""
    until = time.monotonic() + 60
    while time.monotonic() < until and home.is_held():
        if address := home.told().get("base_url"):
            return str(address)
        time.sleep(0.2)
    return "an address it has not told yet"
