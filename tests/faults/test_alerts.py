"""The alert rules and the dashboard in a real Prometheus that asks real processes."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.deploy.test_observability import TOKEN, expressions, something_of_everything
from tests.faults.prometheus import HERE, Prometheus, watching
from tests.machine import BUS_QUEUES, Machine, kill
from tests.site import DENKI, Site, bearer, eventually, example

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not HERE, reason="no prometheus here (apt-get install prometheus)")]

SERVICES = {"intake", "review", "notify", "opendata"}
# From where on an alert's number is too much.
_THRESHOLD = re.compile(r"\s(?:>|==)\s[\d.]+(?: \* \d+)?")


def without_answer(prometheus: Prometheus) -> list[str]:
    """What alerts and dashboard ask and get no series for. (What is missed only once it is absent is not asked.)"""
    asked = {_THRESHOLD.sub("", one) for one in expressions() if not one.startswith("absent(")}
    return [one for one in asked if not prometheus.value(one)]


def told(prometheus: Prometheus, alert: str, label: str) -> set[str]:
    return {one["labels"][label] for one in prometheus.alerts().get(alert, ()) if one["labels"]["severity"] == "page"}


def test_every_question_is_answered_and_what_is_killed_is_noticed(clean: Site, machine: Machine, tmp_path: Path) -> None:
    machine.settings["MADOGUCHI_METRICS_TOKEN"] = TOKEN
    web = machine.web(wait=False)
    worker = machine.worker(*BUS_QUEUES, wait=False)
    machine.wait_ready()
    something_of_everything(clean)
    with httpx.Client(base_url=web, headers=bearer(clean.an_applicant()), timeout=20) as applicant:
        assert applicant.post("/v1/applications", json=example(DENKI)).status_code == 202
        assert applicant.post("/v1/applications", json={}).status_code == 422
        clean.run("""insert into operation.switch (name, "on") values ('filing', false)""")
        eventually(lambda: applicant.post("/v1/applications", json=example(DENKI)).status_code == 503)
    with watching(tmp_path, web, TOKEN) as prometheus:
        eventually(lambda: len(prometheus.value("up == 1")) == len(SERVICES), within=60)
        eventually(lambda: without_answer(prometheus) == [], within=60)
        assert told(prometheus, "CanaryLate", "service") == set()
        kill(worker)
        clean.run("update bus.event set time = now() - interval '10 minutes' where subject = 'canary'")
        eventually(lambda: told(prometheus, "CanaryLate", "service") == SERVICES, within=60)
        kill(machine.running[0])
        eventually(lambda: told(prometheus, "ServiceDown", "job") == SERVICES, within=60)
