"""An SMTP server in a process of its own that drops, refuses and dawdles as the recipient's address says, and writes down
whatever it took, before it answers: `python -m tests.notify.rough PORT FILE`.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP

from deploy.one.ports import LOOPBACK, answers, free_ports

TARPIT_SECONDS = 2.0
# Of a hundred mails: so many are dropped after the final dot, refused for now at first, and held up.
DROPPED, REFUSED, HELD_UP = 5, 10, 1


def address(number: int) -> str:
    """The address of the mail with this number; it says how its server behaves."""
    part = number * 37 % 100
    for name, share in (("drop", DROPPED), ("later", REFUSED), ("tarpit", HELD_UP)):  # spread evenly over the hundred
        if part < share:
            return f"{name}-{number}@example.com"
        part -= share
    return f"fine-{number}@example.com"


SUBJECT = re.compile(rb"^X-Madoguchi-Subject: (\S+)", re.MULTILINE)


class Rough:
    """aiosmtpd's handler."""

    def __init__(self, taken: TextIO) -> None:
        self._taken = taken
        self._refused: set[str] = set()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, to: str, _options: Any) -> str:  # noqa: N802
        """The recipient is named."""
        if to.startswith("tarpit"):
            await asyncio.sleep(TARPIT_SECONDS)
        if to.startswith("later") and to not in self._refused:
            self._refused.add(to)
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(to)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """The text was handed over: it is taken, whatever is answered."""
        to = envelope.rcpt_tos[0]
        subject = SUBJECT.search(envelope.content)
        self._taken.write(f"{to} {time.time():.6f} {subject[1].decode() if subject else '-'}\n")
        self._taken.flush()
        if to.startswith("drop"):
            server.transport.abort()
        return "250 2.0.0 OK"


@dataclass(frozen=True)
class RoughServer:
    """A running one."""

    port: int
    file: Path

    @property
    def url(self) -> str:
        """For MADOGUCHI_NOTIFY_SMTP_URL."""
        return f"smtp://{LOOPBACK}:{self.port}"

    def taken(self) -> Counter[str]:
        """How often it took a mail to each address."""
        return Counter(line.split()[0] for line in self.file.read_text().splitlines())

    def times(self) -> dict[str, float]:
        """When it took the last mail about each subject."""
        return {subject: float(at) for _, at, subject in map(str.split, self.file.read_text().splitlines())}

    def forget(self) -> None:
        """Begin anew."""
        self.file.write_text("")


@contextmanager
def rough_server(folder: Path) -> Iterator[RoughServer]:
    """A running server; what it takes is written into the folder."""
    server = RoughServer(free_ports(1)[0], folder / "taken.txt")
    server.forget()
    command = [sys.executable, "-m", "tests.notify.rough", str(server.port), str(server.file)]
    with subprocess.Popen(command) as process:
        try:
            until = time.monotonic() + 30
            while not answers(server.port):
                if process.poll() is not None or time.monotonic() > until:
                    raise TimeoutError("the rough server does not start")
                time.sleep(0.02)
            yield server
        finally:
            process.terminate()


async def serve(port: int, file: str) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    with Path(file).open("a", encoding="utf-8") as taken:  # noqa: ASYNC230 - before anybody is served
        handler = Rough(taken)
        listening = await loop.create_server(lambda: SMTP(handler, hostname=LOOPBACK, timeout=60, loop=loop), LOOPBACK, port)
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        async with listening:
            await ended.wait()
            os._exit(0)  # whatever connections are open


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
