"""A clean clone of this repository, and what `docker compose` makes of it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
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
    compose: DockerCompose
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


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Clone, make the secrets, build, and bring up; all of it is gone afterwards but the images."""
    subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)
    web, mailbox = free_ports(2)
    env = {
        "COMPOSE_PROJECT_NAME": NAME,
        "MADOGUCHI_IMAGES": NAME,
        "MADOGUCHI_BASE_URL": f"http://127.0.0.1:{web}",
        "MADOGUCHI_LISTEN": f"127.0.0.1:{web}",
        "MAILBOX_LISTEN": f"127.0.0.1:{mailbox}",
        "COMPOSE_PROFILES": "mailbox",
        "FRESHCLAM": "0",  # there may be no way out; the scanner's image knows EICAR's file
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    subprocess.run(["deploy/compose/secrets.sh"], cwd=folder, check=True, capture_output=True)
    os.environ.setdefault("BUILDKIT_PROGRESS", "plain")
    compose = DockerCompose(folder, "compose.yaml", build=True, wait=True)
    compose.stop()  # what a killed run left
    with compose:
        yield Stack(folder, compose, env["MADOGUCHI_BASE_URL"], f"http://127.0.0.1:{mailbox}")
