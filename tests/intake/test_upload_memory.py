"""Whatever is uploaded, the web process stays as large as it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.files.samples import PDF, bomb, quine
from tests.intake.test_floods import resident
from tests.machine import Machine
from tests.site import Site, bearer

ATTACHMENTS = "/v1/attachments"
MEGABYTE = 1_000_000
GROWTH = 30  # MiB


@pytest.fixture(scope="module")
def url(machine: Machine) -> str:
    return machine.web()


@contextmanager
def stays_small(machine: Machine) -> Iterator[None]:
    """The peak of the web process's memory meanwhile is near what it was before."""
    pid = machine.running[-1].pid
    before, peak, over = resident(pid), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], resident(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
    assert peak[0] - before < GROWTH, f"{before} → {peak[0]} MiB"


def pieces(megabytes: int) -> Iterator[bytes]:
    yield PDF
    for _ in range(megabytes):
        yield b" " * MEGABYTE


def send(url: str, key: str, name: str, content: bytes | Iterator[bytes]) -> int:
    """Send a file; the answer's status. A server that hangs up before it has read everything may have said why."""
    headers = {**bearer(key), "content-disposition": f"attachment; filename={name}"}
    return httpx.post(f"{url}{ATTACHMENTS}", content=content, headers=headers, timeout=60).status_code


def test_uploads_good_and_bad_leave_the_memory_as_it_is(clean: Site, machine: Machine, url: str) -> None:
    key = clean.an_applicant()
    assert send(url, key, "plan.pdf", PDF) == 201  # everything is loaded
    with stays_small(machine):
        began = time.monotonic()
        assert send(url, key, "large.pdf", pieces(1000)) == 413
        assert send(url, key, "note.txt", b"x" * 45 * MEGABYTE) == 201
        assert send(url, key, "bomb.zip", bomb(1000)) == 422
        assert send(url, key, "bomb.docx", bomb(1000)) == 422
        assert send(url, key, "quine.zip", quine()) == 422
        assert send(url, key, "polyglot.pdf", PDF + bomb(1)) == 422
        assert send(url, key, "plan.png", PDF) == 422
        assert time.monotonic() - began < 60
    assert list((clean.storage / "incoming").iterdir()) == []


def test_a_page_with_a_large_file_does_so_too(clean: Site, machine: Machine, url: str) -> None:
    key = clean.an_applicant()
    draft = httpx.post(f"{url}/v1/drafts", json={"procedure": "koen-meigi"}, headers=bearer(key)).json()
    path = f"{url}/drafts/{draft['id']}/pages/3"

    def page(megabytes: int) -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="plan.file"; filename="plan.pdf"\r\n\r\n'
        yield from pieces(megabytes)
        for name, text in (("version", draft["version"]), ("go", "next")):
            yield f'\r\n--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode()
        yield b"\r\n--x--\r\n"

    headers = {**bearer(key), "content-type": "multipart/form-data; boundary=x", "origin": url}
    with stays_small(machine):
        assert httpx.post(path, content=page(1000), headers=headers, timeout=60).status_code == 413
        refused = httpx.post(path, content=page(100), headers=headers, timeout=60)
        assert refused.status_code == 422
        assert "バイトまで" in refused.text
