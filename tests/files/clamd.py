"""A clamd of Debian with one signature of our own: EICAR's. No freshclam, no network."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.one.ports import LOOPBACK, free_ports
from shared.scanning import answers
from tests.site import eventually

# The harmless text that every scanner takes for a virus (eicar.org); in two halves, so that scanners let this file alone.
EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()
SIGNATURE = "Madoguchi.Eicar"


@dataclass(frozen=True)
class Clamd:
    """A scanner that runs."""

    address: str
    process: subprocess.Popen[bytes]


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[Clamd]:
    """A clamd on a port of this machine; Skips the test where clamd is not installed."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.ndb").write_text(f"{SIGNATURE}:0:0:{EICAR.hex()}\n")
    port = port or free_ports(1)[0]
    settings = {
        "DatabaseDirectory": folder,
        "TCPAddr": LOOPBACK,
        "TCPSocket": port,
        "LocalSocket": folder / "clamd.sock",
        "Foreground": "yes",
        "StreamMaxLength": "60M",
        "MaxFileSize": "60M",
        "MaxScanSize": "600M",
        "AlertExceedsMax": "yes",
    }
    (folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with (folder / "clamd.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(folder / "clamd.conf")], stdout=log, stderr=subprocess.STDOUT)
    try:
        address = f"tcp://{LOOPBACK}:{port}"
        eventually(lambda: process.poll() is not None or answers(address), within=30)
        assert process.poll() is None, (folder / "clamd.log").read_text()
        yield Clamd(address, process)
    finally:
        process.kill()
        process.wait()
