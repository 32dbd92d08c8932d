"""kill -9 while corrections go out and come back: each is asked for once, sent in once, and known to both sides."""

from __future__ import annotations

from collections import Counter

import pytest
from fastapi.testclient import TestClient

from tests.faults.test_kills import kill_in_mid_batch
from tests.flows import corrections as on
from tests.machine import BUS_QUEUES, Machine
from tests.site import ONE_STAGE, Site, eventually

COUNT = 24


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_workers_killed_while_corrections_are_under_way_lose_and_double_nothing(
    clean: Site, machine: Machine, counter: TestClient, desk: TestClient
) -> None:
    key = clean.an_applicant()
    press = clean.a_reviewer("public-relations", email="press@example.go.jp")
    ids = [str(one) for one in clean.file(key, COUNT, ONE_STAGE)]
    clean.deliver_all()
    cases = {one: on.case_of(clean, one) for one in ids}
    machine.beat()

    def ask_all() -> None:
        assert {on.ask(desk, press, cases[one]).status_code for one in ids} == {201}

    kill_in_mid_batch(clean, machine, 1, ask_all)
    machine.worker(*BUS_QUEUES)
    eventually(lambda: clean.undone() == 0, within=90)
    asked = {str(row["application_id"]): str(row["id"]) for row in clean.rows("select id, application_id from intake.correction")}
    assert asked.keys() == set(ids)

    def send_all() -> None:
        answers = [on.send_in(counter, key, one, asked[one], fee=800, fee_reason="会場費") for one in ids]
        assert {answer.status_code for answer in answers} == {200}

    for running in machine.running[1:]:
        running.end()
    kill_in_mid_batch(clean, machine, 1, send_all)
    machine.worker(*BUS_QUEUES)
    eventually(lambda: clean.undone() == 0, within=90)

    assert {on.case(desk, press, one)["revision"] for one in cases.values()} == {2}
    assert {on.shown(counter, key, one)["status"] for one in ids} == {"in_review"}
    told = Counter(
        (row["template"], row["subject"])
        for row in clean.rows("select template, subject from notify.message where channel = 'email'")
    )
    assert set(told.values()) == {1}
    wanted = ("correction-requested", "corrected", "case-corrected")
    assert {name: sum(kind == name for kind, _ in told) for name in wanted} == dict.fromkeys(wanted, COUNT)
