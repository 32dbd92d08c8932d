"""`madoguchi up` as a process of its own, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.one import leftovers
from deploy.one.home import Home
from deploy.one.parts import PYTHON_PARTS, Site
from deploy.one.ports import free_ports

START_SECONDS = 60.0
MADOGUCHI = [sys.executable, "-m", "deploy.cli"]


@dataclass
class Machine:
    """A machine that was started from the command line."""

    home: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def demo(self) -> dict[str, Any]:
        """What demo.json says."""
        found: dict[str, Any] = json.loads((self.home / "demo.json").read_text())
        return found

    def get(self, path: str, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.demo['keys'][key]}"} if key else {}
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)) as answer:
            return json.load(answer)

    def mails(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(self.demo["mailbox"]["api"]) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def pids(self) -> dict[str, int]:
        """The process of each part."""
        told = json.loads((self.home / "run" / "machine.json").read_text())
        return {part["name"]: part["pid"] for part in told["parts"]}

    def kill_a_delivery(self, subscriber: str) -> str:
        """Make one of a subscriber's deliveries a dead letter; returns its event's id."""
        site = Site(Home.at(self.home), Home.at(self.home).ports(), self.port)
        with psycopg.connect(site.settings()["MADOGUCHI_OPERATOR_DATABASE_URL"].replace("+psycopg", "")) as connection:
            row = connection.execute(
                "update bus.delivery set state = 'dead', error = 'killed by a test' where (event_id, subscriber) = "
                "(select event_id, subscriber from bus.delivery where subscriber = %s limit 1) returning event_id",
                (subscriber,),
            ).fetchone()
        assert row
        return str(row[0])

    def has_replaced(self, part: str, pid: int) -> bool:
        return self.pids()[part] != pid

    def is_well(self) -> bool:
        return madoguchi("status", "--home", str(self.home)).returncode == 0


def madoguchi(*arguments: str, locale: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "LC_ALL": locale}
    return subprocess.run([*MADOGUCHI, *arguments], capture_output=True, text=True, check=False, timeout=60, env=env)


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def whoever_serves(home: Path) -> list[int]:
    """Every process of a home."""
    python = [pid for part in PYTHON_PARTS for pid in leftovers.parts_of(home, part)]
    return [
        *python,
        *leftovers.servers_in(home / "postgres", "postgres"),
        *leftovers.servers_in(home / "valkey", "valkey-server"),
    ]


@contextmanager
def started(home: Path, *options: str, port: int = 0) -> Iterator[Machine]:
    port = port or free_ports(1)[0]
    command = [*MADOGUCHI, "up", "--home", str(home), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        said = ""
        try:
            for line in process.stdout:
                said += line
                if line.startswith("Ctrl-C"):
                    break
            else:
                pytest.fail(said)
            yield Machine(home, port, process)
        finally:
            process.terminate()
            process.wait(30)
