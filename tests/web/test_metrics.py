"""What Prometheus is told, and who may ask."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from tests.bus.parts import announce, arrived
from tests.site import Site, bearer

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask a service for its measurements, with the token."""

    def ask(client: TestClient, service: str) -> dict[tuple[str, ...], float]:
        monkeypatch.setattr(client.app.state.settings, "metrics_token", SecretStr(TOKEN))  # type: ignore[attr-defined]
        answer = client.get(f"/metrics/{service}", headers=bearer(TOKEN))
        assert answer.status_code == 200
        return {
            (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "service")): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return ask


def test_without_the_setting_there_is_nothing_and_without_the_token_no_answer(counter: TestClient, told: Any) -> None:
    assert counter.get("/metrics/intake", headers=bearer("")).status_code == 404
    told(counter, "intake")
    assert counter.get("/metrics/intake").status_code == 401
    assert counter.get("/metrics/intake", headers=bearer("another")).status_code == 401


def test_requests_are_counted_by_route_and_never_by_path(counter: TestClient, told: Any) -> None:
    for number in range(3):
        counter.get(f"/v1/applications/0199c0de-0000-7000-8000-00000000000{number}")
    counter.request("BREW", "/")
    found = told(counter, "intake")
    name = "madoguchi_http_request_seconds_count"
    assert found[name, "GET", "/v1/applications/{application_id}", "401"] >= 3
    assert not [key for key in found if any("0199c0de" in part for part in key)]
    assert [key for key in found if key[:2] == (name, "other")]
    assert not [key for key in found if "BREW" in key]


def test_what_waits_on_the_bus_is_measured_for_each_subscriber(clean: Site, counter: TestClient, told: Any) -> None:
    announce(clean, arrived(), arrived())
    clean.run("update bus.delivery set due = now() - interval '90 seconds' where subscriber = 'review.open_case'")
    clean.run("update bus.delivery set state = 'dead' where subscriber = 'notify.tell'")
    from shared.bus.measuring import measured

    with clean.session("review") as session:
        found = {(one.name, one.labels.get("subscriber")): one.value for one in measured(session, "review")}
    assert found["madoguchi_deliveries_waiting", "review.open_case"] == 2
    assert 89 < found["madoguchi_delivery_oldest_seconds", "review.open_case"] < 100
    assert found["madoguchi_deliveries_waiting", "review.keep_procedure"] == 0
    with clean.session("notify") as session:
        dead = {(one.name, one.labels.get("subscriber")): one.value for one in measured(session, "notify")}
    assert dead["madoguchi_deliveries_dead", "notify.tell"] == 2
    assert told(counter, "intake")["madoguchi_deliveries_waiting", "intake.check_format"] == 0
