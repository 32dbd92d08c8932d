"""Quarantine with the real parts: web, worker, storage, and a clamd that works, is away, or is stopped in the middle."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from deploy.one.ports import LOOPBACK, free_ports
from tests.files import clamd
from tests.files.clamd import EICAR
from tests.files.samples import PDF, zipped
from tests.intake.parts import with_files
from tests.machine import BUS_QUEUES, Machine, kill
from tests.site import Site, bearer, eventually, example

pytestmark = pytest.mark.clamd

SCANS = "intake-scans"
ATTACHMENTS = "/v1/attachments"


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def web(machine: Machine, port: int) -> Iterator[httpx.Client]:
    machine.settings["MADOGUCHI_CLAMD"] = f"tcp://{LOOPBACK}:{port}"
    with httpx.Client(base_url=machine.web(), timeout=30) as client:
        yield client


@pytest.fixture
def scanner(tmp_path: Path, port: int) -> Iterator[clamd.Clamd]:
    with clamd.running(tmp_path / "clamd", port) as found:
        yield found


def send(web: httpx.Client, key: str, name: str, content: bytes) -> str:
    headers = {**bearer(key), "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    answer = web.post(ATTACHMENTS, content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "waiting"
    assert web.get(f"{ATTACHMENTS}/{answer.json()['id']}/content", headers=bearer(key)).status_code == 409
    made: str = answer.json()["id"]
    return made


def state(web: httpx.Client, key: str, attachment: str) -> str:
    found: str = web.get(f"{ATTACHMENTS}/{attachment}", headers=bearer(key)).json()["state"]
    return found


def scanner_health(web: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = web.get("/health/ready").json()["services"]["intake"]["parts"]["scanner"]
    return found


def due_now(site: Site) -> None:
    """Claims and pauses are over."""
    site.run("update intake.attachment set due = now()")


def test_a_virus_is_refused_plain_zipped_and_nested_and_nobody_gets_it(
    clean: Site, machine: Machine, web: httpx.Client, scanner: clamd.Clamd
) -> None:
    assert scanner.process.poll() is None
    key, worker = clean.an_applicant(), machine.worker(*BUS_QUEUES, SCANS)
    good = send(web, key, "計画.pdf", PDF)
    bad = [
        send(web, key, "plain.txt", EICAR),
        send(web, key, "zipped.zip", zipped({"eicar.txt": EICAR})),
        send(web, key, "nested.zip", zipped({"a.zip": zipped({"b.zip": zipped({"eicar.txt": EICAR})})})),
    ]
    eventually(lambda: [state(web, key, one) for one in (good, *bad)] == ["clean", *["infected"] * 3], within=30)
    assert web.get(f"{ATTACHMENTS}/{good}/content", headers=bearer(key)).content == PDF
    assert {web.get(f"{ATTACHMENTS}/{one}/content", headers=bearer(key)).status_code for one in bad} == {409}
    eventually(lambda: [path.name for path in clean.storage.glob("attachments/*/*")] == [good])
    assert scanner_health(web)["ok"]
    kill(worker)


def test_while_the_scanner_is_away_files_wait_and_an_operator_sees_it(
    clean: Site, machine: Machine, web: httpx.Client, tmp_path: Path, port: int
) -> None:
    key, worker = clean.an_applicant(), machine.worker(*BUS_QUEUES, SCANS)
    clean.a_reviewer("grants")
    filing = with_files(web, key, example("hojokin-kofu"))
    application = web.post("/v1/applications", json=filing, headers=bearer(key)).json()["id"]
    waits = filing["answers"]["plan"]["id"]
    eventually(lambda: clean.value("select count(*) from intake.attachment where detail <> ''") > 0)
    eventually(lambda: clean.undone() == 0)  # the format check was there, and left it
    assert state(web, key, waits) == "waiting"
    assert web.get("/health/ready").json()["status"] == "degraded"
    assert scanner_health(web)["ok"] is False
    where = f"/v1/applications/{application}"
    assert web.get(where, headers=bearer(key)).json()["status"] == "filed"
    with clamd.running(tmp_path / "clamd", port):
        due_now(clean)
        machine.beat(wait=False)
        eventually(lambda: web.get(where, headers=bearer(key)).json()["status"] == "in_review", within=40)
        assert state(web, key, waits) == "clean"
    kill(worker)


def test_a_worker_killed_in_mid_scan_leaves_the_file_in_quarantine_for_the_next_one(
    clean: Site, machine: Machine, web: httpx.Client, scanner: clamd.Clamd
) -> None:
    key = clean.an_applicant()
    scanner.process.send_signal(signal.SIGSTOP)
    worker = machine.worker(SCANS)
    virus, good = send(web, key, "plain.txt", EICAR), send(web, key, "計画.pdf", PDF)
    claimed = "select count(*) from intake.attachment where due > now()"
    eventually(lambda: clean.value(claimed) == 2, within=20)
    time.sleep(0.3)  # the scans have begun, and hang
    kill(worker)
    assert {state(web, key, one) for one in (virus, good)} == {"waiting"}
    assert web.get(f"{ATTACHMENTS}/{virus}/content", headers=bearer(key)).status_code == 409
    scanner.process.send_signal(signal.SIGCONT)
    due_now(clean)
    worker = machine.worker(SCANS)
    send(web, key, "next.pdf", PDF)  # rings
    eventually(lambda: (state(web, key, virus), state(web, key, good)) == ("infected", "clean"), within=30)
    kill(worker)
