"""Looking for viruses: clamd's INSTREAM over TCP or a Unix socket (clamd(8)). The file is streamed, never held in memory.

ScanError
├── ScannerAway      clamd cannot be reached; it has nothing to do with the file
└── ScanFailed       clamd did not come to an end with this file
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from shared.storage import Readable

ADDRESS = r"^(tcp://[^/:]+:[0-9]{1,5}|unix:///.+)?$"
CONNECT_SECONDS = 2.0
# Longest wait for clamd to take or to answer something, and for a whole file.
STEP_SECONDS, FILE_SECONDS = 60.0, 120.0
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4096


class ScanError(Exception):
    """The file is not scanned."""


class ScannerAway(ScanError):
    """clamd cannot be reached; it has nothing to do with the file."""


class ScanFailed(ScanError):
    """clamd did not come to an end with this file."""


def scan(address: str, file: Readable) -> str:
    """The name of the virus in a file; empty when clamd finds none.

    `address`: `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`. Raises ScannerAway, ScanFailed, and what `file.read` raises.
    """
    until = time.monotonic() + FILE_SECONDS
    with _connected(address) as line:
        try:
            line.sendall(b"zINSTREAM\0")
            while chunk := file.read(_CHUNK):
                _in_time(line, until)
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
        except TimeoutError as error:
            raise ScanFailed("clamd takes no more of the file") from error
        except ConnectionError:
            pass  # over its limit of size it hangs up, and has said so
        answer = _answer(line, until)
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return ""
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")[:200]
    raise ScanFailed(said[:200] or "clamd hung up")


def answers(address: str) -> bool:
    """Whether clamd is there."""
    try:
        with _connected(address) as line:
            line.sendall(b"zPING\0")
            return _answer(line, time.monotonic() + CONNECT_SECONDS) == "PONG"
    except (ScanError, OSError):
        return False


def version(address: str) -> str:
    """What clamd says it is, with the time of its signatures; empty where it is not there."""
    try:
        with _connected(address) as line:
            line.sendall(b"zVERSION\0")
            return _answer(line, time.monotonic() + CONNECT_SECONDS)
    except (ScanError, OSError):
        return ""


def signatures(address: str) -> datetime | None:
    """The date of clamd's newest signatures; None where clamd does not say."""
    try:  # such as ClamAV 1.4.3/27825/Wed Nov 19 09:40:12 2026
        return datetime.strptime(version(address).split("/")[2], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (ValueError, IndexError):
        return None


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    family = socket.AF_UNIX if parts.scheme == "unix" else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as line:
        try:
            line.settimeout(CONNECT_SECONDS)
            line.connect(parts.path if family == socket.AF_UNIX else (parts.hostname or "", parts.port or 3310))
        except OSError as error:
            raise ScannerAway(type(error).__name__) from error
        line.settimeout(STEP_SECONDS)
        yield line


def _in_time(line: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    line.settimeout(min(left, STEP_SECONDS))


def _answer(line: socket.socket, until: float) -> str:
    """What clamd says, up to the null byte that ends it."""
    said = b""
    try:
        while not said.endswith(b"\0") and len(said) < _LONGEST_ANSWER:
            _in_time(line, until)
            if not (more := line.recv(_LONGEST_ANSWER)):
                break
            said += more
    except OSError as error:
        raise ScanFailed(type(error).__name__) from error
    return said.rstrip(b"\0").decode("utf-8", "replace").strip()
