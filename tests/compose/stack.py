"""A clean clone of this repository, and what `docker compose` makes of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testcontainers.compose import DockerCompose

from deploy.one.ports import free_ports

ROOT = Path(__file__).parent.parent.parent
# Of this folder's own: others' images and containers on this machine stay as they are.
NAME = f"madoguchi-test-{hashlib.sha256(bytes(ROOT)).hexdigest()[:6]}"
SERVICES = ("intake", "review", "notify", "opendata")


@dataclass(frozen=True)
class Stack:
    """Everything, running."""

    folder: Path
    base: str
    mailbox: str

    def sh(self, script: str, within: float = 120) -> str:
        """Run a script of the documentation in the clone, with this stack's addresses. What it prints."""
        script = script.replace("http://127.0.0.1:8000", self.base).replace("http://127.0.0.1:1080", self.mailbox)
        return self._run(["bash", "-euo", "pipefail", "-c", script], within)

    def tools(self, *arguments: str) -> str:
        """What the command line says."""
        return self.docker("compose", "run", "--rm", "-T", "tools", *arguments).strip()

    def docker(self, *arguments: str, within: float = 120) -> str:
        """Run docker in the clone."""
        return self._run(["docker", *arguments], within)

    def _run(self, command: list[str], within: float) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=within, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def inspected(self) -> dict[str, Any]:
        """What Docker knows of the containers, by service."""
        ids = self.docker("compose", "ps", "--all", "--quiet").split()
        found = json.loads(self.docker("inspect", *ids))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def query(self, sql: str) -> str:
        """One value of the database."""
        inside = f"psql --no-psqlrc --tuples-only --no-align --username=postgres --dbname=madoguchi --command={shlex.quote(sql)}"
        return self.docker("compose", "exec", "-T", "postgres", "sh", "-c", inside).strip()


def commands(page: str, section: str) -> list[str]:
    """The blocks of commands in a section of the documentation."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def until(true: Callable[[], Any], within: float = 60) -> Any:
    """Wait for it: what it says once it is true."""
    end = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.5)
    return found


def clone(folder: Path, version: str | None = None) -> None:
    """This repository: a commit, or what is in the index."""
    if version:
        subprocess.run(["git", "clone", "--quiet", "--shared", "--no-checkout", ROOT, folder], check=True)
        subprocess.run(["git", "checkout", "--quiet", version], cwd=folder, check=True)
    else:
        subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)


@contextmanager
def running(folder: Path, version: str | None = None, **settings: str) -> Iterator[Stack]:
    """Clone, make the secrets, build, and bring up; all of it is gone afterwards but the images."""
    clone(folder, version)
    web, mailbox = free_ports(2)
    env = {
        "COMPOSE_PROJECT_NAME": NAME,
        "MADOGUCHI_IMAGES": NAME,
        "MADOGUCHI_BASE_URL": f"http://127.0.0.1:{web}",
        "MADOGUCHI_LISTEN": f"127.0.0.1:{web}",
        "MAILBOX_LISTEN": f"127.0.0.1:{mailbox}",
        "COMPOSE_PROFILES": "mailbox",
        "FRESHCLAM": "0",  # there may be no way out; the scanner's image knows EICAR's file
        **settings,
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    subprocess.run(["deploy/compose/secrets.sh"], cwd=folder, check=True, capture_output=True)
    os.environ.setdefault("BUILDKIT_PROGRESS", "plain")
    compose = DockerCompose(folder, "compose.yaml", build=True, wait=True)
    compose.stop()  # what a killed run left
    with compose:
        yield Stack(folder, env["MADOGUCHI_BASE_URL"], f"http://127.0.0.1:{mailbox}")
