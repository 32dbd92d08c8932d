"""Scanning with a real clamd."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.one.ports import LOOPBACK, free_ports
from shared import scanning
from shared.scanning import ScanFailed, ScannerAway, scan
from tests.files import clamd
from tests.files.clamd import EICAR, SIGNATURE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clamd")


@pytest.fixture(scope="module")
def scanner(folder: Path) -> Iterator[str]:
    with clamd.running(folder) as found:
        yield found.address


def zipped(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner", content)
        content = file.getvalue()
    return content


@pytest.mark.clamd
@pytest.mark.parametrize("content", [EICAR, zipped(EICAR), zipped(EICAR, 3)], ids=["plain", "zipped", "nested"])
def test_a_virus_is_found_also_within_archives(scanner: str, content: bytes) -> None:
    assert scan(scanner, io.BytesIO(content)).startswith(SIGNATURE)


@pytest.mark.clamd
def test_what_has_none_is_clean(scanner: str) -> None:
    assert scan(scanner, io.BytesIO(b"x" * 1_000_000)) == ""
    assert scan(scanner, io.BytesIO()) == ""


@pytest.mark.clamd
def test_a_unix_socket_does_as_well(scanner: str, folder: Path) -> None:
    assert scanning.answers(scanner)
    path = folder / "clamd.sock"
    assert scanning.answers(f"unix://{path}")
    assert scan(f"unix://{path}", io.BytesIO(EICAR)).startswith(SIGNATURE)


@pytest.mark.clamd
def test_a_file_over_the_scanners_limit_is_no_clean_file(scanner: str) -> None:
    with pytest.raises(ScanFailed):
        scan(scanner, io.BytesIO(b"x" * 63_000_000))


def test_a_scanner_that_is_not_there_is_away() -> None:
    address = f"tcp://{LOOPBACK}:{free_ports(1)[0]}"
    assert not scanning.answers(address)
    with pytest.raises(ScannerAway):
        scan(address, io.BytesIO(b"x"))
    with pytest.raises(ScannerAway):
        scan("unix:///nowhere/clamd.sock", io.BytesIO(b"x"))


@pytest.mark.parametrize("says", [b"", b"stream: Can't allocate memory ERROR\0", None], ids=["hangs up", "error", "is silent"])
def test_a_scanner_that_comes_to_no_end_has_not_called_it_clean(says: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "STEP_SECONDS", 0.3)
    with socket.create_server((LOOPBACK, 0)) as server:
        done = threading.Event()

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1024)
                if says is None:
                    done.wait(10)
                else:
                    line.sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ScanFailed):
            scan(f"tcp://{LOOPBACK}:{server.getsockname()[1]}", io.BytesIO(b"x"))
        done.set()
        thread.join()


def test_a_scanner_that_takes_nothing_more_does_not_hold_us_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "STEP_SECONDS", 0.3)
    (tmp_path / "large").write_bytes(b"x" * 50_000_000)
    with socket.create_server((LOOPBACK, 0)) as server, (tmp_path / "large").open("rb") as file, pytest.raises(ScanFailed):
        scan(f"tcp://{LOOPBACK}:{server.getsockname()[1]}", file)
