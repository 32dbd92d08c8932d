"""The folder of one machine: what it holds, who has it, its ports and its secrets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.one.errors import StartError
from deploy.one.files import write_private
from deploy.one.ports import free_ports, is_free

DEFAULT = Path(".madoguchi")
PARTS_WITH_PORTS = ("postgres", "valkey", "smtp", "mailbox")


class AlreadyRunning(Exception):
    """Another process runs the machine of this home."""


@dataclass(frozen=True)
class Home:
    """`path` is absolute and without symbolic links, so that processes can be recognised by it."""

    path: Path

    @classmethod
    def at(cls, path: Path | None = None) -> Home:
        """The home at `path`, at MADOGUCHI_HOME, or `.madoguchi` in the current folder."""
        return cls((path or Path(os.environ.get("MADOGUCHI_HOME") or DEFAULT)).expanduser().resolve())

    @property
    def postgres(self) -> Path:
        """The database cluster."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """The broker's files."""
        return self.path / "valkey"

    @property
    def mailbox(self) -> Path:
        """Caught mails."""
        return self.path / "mailbox"

    @property
    def storage(self) -> Path:
        """The files that people sent."""
        return self.path / "storage"

    @property
    def heads(self) -> Path:
        """Signed heads of the desk's trace."""
        return self.path / "audit-heads"

    @property
    def logs(self) -> Path:
        """One log file a part."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What is true of the present run only."""
        return self.path / "run"

    @property
    def demo(self) -> Path:
        """Address and keys of the demo."""
        return self.path / "demo.json"

    def make(self) -> None:
        """Make the folders that are missing. Raises StartError if this account can't have them."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            owner = self.path.stat().st_uid
            if owner != os.geteuid():
                raise StartError(
                    f"The home {self.path} belongs to another account (uid {owner}).",
                    "Start as that account, or name another folder with --home.",
                )
            for folder in (self.logs, self.run, self._secrets):
                folder.mkdir(exist_ok=True, mode=0o700)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            raise StartError(
                f"The home {self.path} can't be made ({error.strerror}: {error.filename}).",
                "Allow this account to write there, or name another folder with --home.",
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the home for ourselves. Raises AlreadyRunning. The kernel gives it back when we end, however we end."""
        with (self.run / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning from None
            yield

    def is_held(self) -> bool:
        """Whether a machine runs in this home, or is starting or ending."""
        try:
            lock = (self.run / "lock").open("rb")
        except FileNotFoundError:
            return False
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def ports(self) -> dict[str, int]:
        """The ports of the parts, as used last time; none if it was never started."""
        found: dict[str, int] = self._json(self.path / "ports.json")
        return found

    def choose_ports(self) -> dict[str, int]:
        """The ports of the parts: the same as last time, except where somebody else listens by now. Call only while held."""
        known = {name: port for name, port in self.ports().items() if name in PARTS_WITH_PORTS and is_free(port)}
        missing = [name for name in PARTS_WITH_PORTS if name not in known]
        ports = known | dict(zip(missing, free_ports(len(missing)), strict=True))
        if missing:
            write_private(self.path / "ports.json", json.dumps(ports, indent=2) + "\n")
        return ports

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
        """A secret of this home, URL-safe unless `make` says otherwise; made at the first asking and kept."""
        file = self._secrets / name
        if not file.exists():
            write_private(file, make())
        return file.read_text()

    def secrets(self) -> list[str]:
        """Every secret of this home, to strike them out of what people see."""
        return [file.read_text() for file in self._secrets.iterdir()]

    def tell(self, **facts: Any) -> None:
        """Write down what is true of this run, for `madoguchi status` and a second start."""
        write_private(self.run / "machine.json", json.dumps(facts, indent=2) + "\n")

    def told(self) -> dict[str, Any]:
        """What the run wrote down; empty while it starts and when none runs."""
        return self._json(self.run / "machine.json") if self.is_held() else {}

    def forget(self) -> None:
        """The run is over, or a new one begins."""
        (self.run / "machine.json").unlink(missing_ok=True)

    @property
    def _secrets(self) -> Path:
        return self.path / "secrets"

    @staticmethod
    def _json(path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found
