"""An applicant withdraws; of his withdrawal and a decision exactly one holds, everywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from shared.bus.deliver import deliver
from tests.review.parts import decide
from tests.site import ONE_STAGE, Site, bearer, example

KEPT = {"approve": "approved"}


def withdraw(counter: TestClient, key: str, application_id: object, **body: Any) -> httpx.Response:
    answer: httpx.Response = counter.post(f"/v1/applications/{application_id}/withdrawal", json=body or None, headers=bearer(key))
    return answer


def filed(counter: TestClient, key: str) -> str:
    answer = counter.post("/v1/applications", json=example(ONE_STAGE), headers=bearer(key))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def shown(counter: TestClient, key: str, application_id: str) -> dict[str, Any]:
    found: dict[str, Any] = counter.get(f"/v1/applications/{application_id}", headers=bearer(key)).json()
    return found


def work_of(service: str) -> Any:
    from importlib import import_module

    return import_module(f"services.{service}.tasks").work.post


def one_service(site: Site, service: str) -> None:
    """Do what waits for one service only."""
    deliver(work_of(service), [event for heard_by, event in site.due() if heard_by == service])


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp")


def test_before_it_arrived_an_application_is_withdrawn_at_once_and_never_arrives(
    clean: Site, counter: TestClient, window: TestClient, key: str
) -> None:
    application = filed(counter, key)
    answer = withdraw(counter, key, application)
    assert (answer.status_code, answer.json()["status"]) == (202, "withdrawn")
    clean.deliver_all()
    assert [step["state"] for step in shown(counter, key, application)["timeline"]] == ["filed", "withdrawn"]
    assert clean.value('select count(*) from review."case"') == 0
    assert clean.rows("select template, recipient from notify.message where channel = 'email'") == [
        {"template": "withdrawn", "recipient": "applicant@example.com"}
    ]
    (row,) = [row for row in window.get("/v1/statistics/procedures").json() if row["id"] == ONE_STAGE]
    assert (row["filed"], row["arrived"], row["withdrawn"]) == (1, 0, 1)
    assert clean.undone() == 0


def test_under_review_it_is_withdrawn_by_the_desk_and_official_and_applicant_are_told(
    clean: Site, counter: TestClient, desk: TestClient, key: str, press: str
) -> None:
    application = filed(counter, key)
    clean.deliver_all()
    answer = withdraw(counter, key, application, reason="  催しが中止になったため。 ")
    assert (answer.status_code, answer.json()["status"]) == (202, "withdrawing")
    clean.deliver_all()
    assert [step["state"] for step in shown(counter, key, application)["timeline"]][-2:] == ["withdrawing", "withdrawn"]
    (case,) = desk.get("/v1/cases", params={"state": "withdrawn"}, headers=bearer(press)).json()
    detail = desk.get(f"/v1/cases/{case['id']}", headers=bearer(press)).json()
    assert (detail["withdrawal_reason"], detail["decision"]) == ("催しが中止になったため。", None)
    assert decide(desk, press, case["id"], "approve").status_code == 409
    told = {
        (row["template"], row["recipient"])
        for row in clean.rows("select template, recipient from notify.message where channel = 'email'")
    }
    assert {("withdrawn", "applicant@example.com"), ("case-withdrawn", "press@example.go.jp")} <= told
    assert clean.value("select count(*) from bus.event where type = :t", t="case.decided.v1") == 0


def test_asked_again_it_stays_as_it_is(clean: Site, counter: TestClient, key: str, press: str) -> None:
    assert press
    application = filed(counter, key)
    clean.deliver_all()
    assert {withdraw(counter, key, application).json()["status"] for _ in range(3)} == {"withdrawing"}
    clean.deliver_all()
    assert withdraw(counter, key, application).json()["status"] == "withdrawn"
    assert clean.value("select count(*) from bus.event where type = 'withdrawal.asked.v1'") == 1
    assert clean.undone() == 0


def test_a_withdrawal_never_overtakes_the_arrival(clean: Site, counter: TestClient, key: str, press: str) -> None:
    assert press
    application = filed(counter, key)
    one_service(clean, "intake")
    assert shown(counter, key, application)["status"] == "arrived"
    withdraw(counter, key, application)
    last_first = [event for service, event in clean.due() if service == "review"][::-1]
    for event in last_first:
        deliver(work_of("review"), [event])
    clean.deliver_all()
    assert shown(counter, key, application)["status"] == "withdrawn"
    assert clean.value('select state from review."case"') == "withdrawn"
    assert clean.undone() == 0


def test_what_is_decided_or_returned_cannot_be_withdrawn(
    clean: Site, counter: TestClient, desk: TestClient, key: str, press: str
) -> None:
    application = filed(counter, key)
    clean.deliver_all()
    decide(desk, press, clean.value('select id from review."case"'), "approve")
    clean.deliver_all()
    answer = withdraw(counter, key, application)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:madoguchi:problem:conflict")
    assert shown(counter, key, application)["status"] == "approved"


def test_a_decision_that_the_counter_has_not_heard_of_stands(
    clean: Site, counter: TestClient, desk: TestClient, window: TestClient, *, key: str, press: str
) -> None:
    application = filed(counter, key)
    clean.deliver_all()
    assert decide(desk, press, clean.value('select id from review."case"'), "approve").status_code == 200
    assert withdraw(counter, key, application).json()["status"] == "withdrawing"
    clean.deliver_all()
    assert shown(counter, key, application)["status"] == "approved"
    (row,) = [row for row in window.get("/v1/statistics/procedures").json() if row["id"] == ONE_STAGE]
    assert (row["approved"], row["withdrawn"]) == (1, 0)
    assert clean.undone() == 0


def test_of_withdrawals_and_decisions_at_the_same_time_one_each_holds_everywhere(
    clean: Site, counter: TestClient, desk: TestClient, window: TestClient, *, key: str, press: str
) -> None:
    ids = [filed(counter, key) for _ in range(16)]
    clean.deliver_all()
    cases = {str(row["application_id"]): row["id"] for row in clean.rows('select id, application_id from review."case"')}

    def both(application: str) -> None:
        with ThreadPoolExecutor(3) as parties:
            parties.submit(withdraw, counter, key, application)
            parties.submit(decide, desk, press, cases[application], "approve")
            parties.submit(one_service, clean, "review")

    with ThreadPoolExecutor(4) as pairs:
        list(pairs.map(both, ids))
    clean.deliver_all()
    assert clean.undone() == 0
    ends = {application: shown(counter, key, application)["status"] for application in ids}
    at_desk = {str(row["application_id"]): row for row in clean.rows('select * from review."case"')}
    for application, end in ends.items():
        case = at_desk[application]
        assert (end, case["state"], case["decision"]) in {("approved", "decided", "approve"), ("withdrawn", "withdrawn", None)}
    (row,) = [row for row in window.get("/v1/statistics/procedures").json() if row["id"] == ONE_STAGE]
    approved = sum(end == "approved" for end in ends.values())
    assert (row["approved"], row["withdrawn"]) == (approved, 16 - approved)
    told = clean.rows("select subject, template from notify.message where template in ('decided', 'withdrawn')")
    assert len(told) == 16


@pytest.mark.parametrize(
    ("body", "pointer"), [({"reason": "x" * 2001}, "/reason"), ({"reason": "a\0b"}, "/reason"), ({"x": 1}, "/x")]
)
def test_a_reason_that_cannot_be_recorded_is_refused(
    clean: Site, counter: TestClient, key: str, body: dict[str, Any], pointer: str
) -> None:
    application = filed(counter, key)
    answer = withdraw(counter, key, application, **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert clean.value("select state from intake.application") == "filed"


def test_only_its_own_organisation_withdraws_an_application(clean: Site, counter: TestClient, key: str, press: str) -> None:
    application = filed(counter, key)
    other = clean.an_applicant("b@example.com", name="乙")
    assert [withdraw(counter, who, application).status_code for who in (other, press, "mdg_wrong")] == [404, 403, 401]
    assert clean.value("select state from intake.application") == "filed"
