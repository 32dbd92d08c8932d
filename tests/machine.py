"""Processes of a machine for tests: Celery workers, beat, the web and a mailbox, with the site's settings."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import httpx

from deploy.one.parts import READY_FILE, UVICORN_LOGS
from deploy.one.ports import LOOPBACK, answers, free_ports
from deploy.one.process import Part, Running
from tests.site import Site, eventually

BUS_QUEUES = ("intake", "review", "notify", "opendata")
POST_QUEUE = "post"
# where the desk makes documents, and does work in bulk
DESK_QUEUES = ("review-documents", "review-jobs")
ROOT = Path(__file__).parent.parent


@dataclass
class Mailbox:
    """The catcher of mails, and what it caught."""

    smtp_url: str
    url: str

    def mails(self) -> list[dict[str, Any]]:
        """The caught mails, oldest first."""
        answer: list[dict[str, Any]] = httpx.get(f"{self.url}/email", timeout=20).raise_for_status().json()
        return answer

    def to(self, address: str) -> list[dict[str, Any]]:
        """The mails to one address."""
        return [mail for mail in self.mails() if mail["to"][0]["address"] == address]

    def empty(self) -> None:
        """Forget what was caught."""
        httpx.delete(f"{self.url}/email/all", timeout=20).raise_for_status()


@dataclass
class Machine:
    """Starts processes, and ends every one of them when it is left."""

    site: Site
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)
    worker_program: str = "deploy.one.worker:app"
    web_program: str = "deploy.gateway:create_app"

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for one in self.running:
            kill(one)

    def mailbox(self) -> Mailbox:
        """A mailbox; the processes started after it send their mails there."""
        smtp, http = free_ports(2)
        options = ("--smtp-port", str(smtp), "--http-port", str(http), "--folder", str(self.folder / f"mails-{smtp}"))
        self._start("mailbox", ("deploy.one.mailbox", *options), lambda _: answers(smtp) and answers(http))
        self.settings["MADOGUCHI_NOTIFY_SMTP_URL"] = f"smtp://{LOOPBACK}:{smtp}"
        return Mailbox(self.settings["MADOGUCHI_NOTIFY_SMTP_URL"], f"http://{LOOPBACK}:{http}")

    def worker(self, *queues: str, processes: int = 2, wait: bool = True) -> Running:
        """A Celery worker of these queues."""
        options = ("-P", "prefork", "-c", str(processes), "-Q", ",".join(queues), "--without-gossip", "--without-mingle")
        return self._celery("worker", *options, "--without-heartbeat", wait=wait)

    def beat(self, *, wait: bool = True) -> Running:
        """What wakes the sweepers."""
        return self._celery("beat", "-s", str(self.folder / f"beat-{len(self.running)}"), wait=wait)

    def web(self, *, wait: bool = True) -> str:
        """The four applications behind one address, which is returned."""
        port = free_ports(1)[0]
        url = f"http://{LOOPBACK}:{port}"
        options = ("--factory", "--host", LOOPBACK, "--port", str(port), "--no-access-log", "--log-config", str(UVICORN_LOGS))
        program = ("uvicorn", self.web_program, *options)
        self._start("web", program, lambda _: _is_live(url), {"MADOGUCHI_BASE_URL": url}, wait=wait)
        return url

    def wait_ready(self) -> None:
        """Wait for what was started without waiting."""
        for one in self.running:
            if not one.ended():
                one.wait_ready()

    def _celery(self, command: str, *options: str, wait: bool = True) -> Running:
        ready = self.folder / f"{command}-{len(self.running)}.ready"
        arguments = ("celery", "-A", self.worker_program, command, *options, "--loglevel", "info")
        # Without the remapping a worker that is told to end waits for what it works on only.
        more = {READY_FILE: str(ready), "REMAP_SIGTERM": ""}
        return self._start(f"{command}-{len(self.running)}", arguments, lambda _: ready.exists(), more, wait=wait)

    def _start(
        self, name: str, module: tuple[str, ...], ready: Any, more: dict[str, str] | None = None, *, wait: bool = True
    ) -> Running:
        part = Part(
            name=name,
            command=(sys.executable, "-m", *module),
            environment={**os.environ, **self.site.environment, **self.settings, "PYTHONPATH": str(ROOT), **(more or {})},
            folder=self.folder,
            log=self.folder / f"{name}.log",
            ready=ready,
        )
        started = Running(part)
        self.running.append(started)
        if wait:
            started.wait_ready()
        return started

    def logs(self) -> str:
        """What the processes said, for a failed test."""
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-4000:]}" for path in self.folder.glob("*.log"))


def kill(running: Running) -> None:
    """End a process and all it started with kill -9."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.end()


def _is_live(url: str) -> bool:
    try:
        with urlopen(f"{url}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def quiet(site: Site) -> None:
    """Wait until every delivery is done and every message is sent."""
    eventually(lambda: site.undone() == 0, within=60)
    eventually(lambda: site.value("select count(*) from notify.message where state in ('created', 'sending')") == 0, within=60)
