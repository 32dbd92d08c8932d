"""From filing to the document, an organisation's own system hears what happens with its applications."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.flows import corrections as on
from tests.flows.test_withdrawal import withdraw
from tests.notify.channels.parts import call, permissive, registered, with_settings
from tests.notify.channels.receiver import Receiver, receiving
from tests.site import Site, bearer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def test_every_step_that_counter_and_desk_publish_is_told_with_its_state(
    clean: Site,
    counter: TestClient,
    desk: TestClient,
    post_office: TestClient,
    *,
    monkeypatch: pytest.MonkeyPatch,
    receiver: Receiver,
) -> None:
    settings = permissive(monkeypatch)
    key, press = clean.an_applicant(), clean.a_reviewer("public-relations", "kinki-bureau", email="press@example.go.jp")
    with with_settings(post_office, settings):
        registered(post_office, key, receiver.url())
    application, other = on.filed(clean, counter, key), on.filed(clean, counter, key)
    case = on.case_of(clean, application)
    correction = on.ask(desk, press, case).json()["id"]
    clean.deliver_all()
    assert on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費").status_code < 300
    assert desk.post(f"/v1/cases/{case}/messages", json={"text": "担当者だけの内容"}, headers=bearer(press)).status_code == 201
    clean.deliver_all()
    assert on.decide(desk, press, case).status_code < 300
    withdraw(counter, key, other)
    clean.deliver_all()
    assert call(settings, lanes=1) > 0
    said = [json.loads(one.body) for one in receiver.taken]
    of_one = sorted((one["type"], one["data"].get("state")) for one in said if one["data"]["application_id"] == application)
    assert of_one == [
        ("application.arrived", "arrived"),
        ("case.decided", "approved"),
        ("case.opened", "in_review"),
        ("correction.requested", "correcting"),
        ("document.issued", None),
        ("message.to-applicant", None),
    ]
    of_other = {(one["type"], one["data"]["state"]) for one in said if one["data"]["application_id"] == other}
    assert ("application.withdrawn", "withdrawn") in of_other
    assert not any("担当者だけ" in one.body.decode() for one in receiver.taken)
    assert all(one["data"]["url"].endswith(f"/v1/applications/{one['data']['application_id']}") for one in said)
