"""A case is decided once, by an official of its group, as the procedure and the law allow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from services.review.stages.lawful import REASONS_LIMIT
from tests.review.parts import CASES, an_arrival, case_of, decide, in_prefecture, opens
from tests.site import Site, bearer


def decided_events(site: Site) -> list[dict[str, Any]]:
    return site.rows("select * from bus.event where type = 'case.decided.v1'")


@pytest.fixture
def press(clean: Site) -> str:
    """An official of the office that decides on the use of the ministry's name."""
    return clean.a_reviewer("public-relations", email="press@example.go.jp")


@pytest.fixture
def case_id(clean: Site, press: str) -> UUID:
    """An open case there."""
    assert press
    event = an_arrival()
    opens(clean, event)
    found: UUID = case_of(clean, event)["id"]
    return found


def test_an_approval_is_recorded_and_announced(clean: Site, desk: TestClient, press: str, case_id: UUID) -> None:
    answer = decide(desk, press, case_id, "approve")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["decision"]) == ("decided", "approve")
    (row,) = clean.rows('select * from review."case"')
    assert row["decided_by"] == clean.account("press@example.go.jp").id
    (event,) = decided_events(clean)
    assert (event["subject"], event["sequence"]) == (str(row["application_id"]), 2)
    assert (event["data"]["decision"], event["data"]["reasons"], event["data"]["appeal"]) == ("approve", "", "")


def test_a_refusal_carries_its_reasons_and_how_to_appeal(clean: Site, desk: TestClient, press: str, case_id: UUID) -> None:
    assert decide(desk, press, case_id, "refuse", "  営利が目的のため。 ").status_code == 200
    (event,) = decided_events(clean)
    assert event["data"]["reasons"] == "営利が目的のため。"
    assert "審査請求" in event["data"]["appeal"]


REFUSED: list[tuple[Any, Any, str]] = [
    ("refuse", "", "/reasons"),
    ("refuse", "  \n\t　", "/reasons"),
    ("accept", "", "/decision"),  # this procedure approves or refuses
    ("postpone", "", "/decision"),
    (None, "", "/decision"),
    ("approve", None, "/reasons"),
    ("approve", "x" * (REASONS_LIMIT + 1), "/reasons"),
    ("refuse", "a\0b", "/reasons"),
]


@pytest.mark.parametrize(("decision", "reasons", "pointer"), REFUSED)
def test_a_decision_that_may_not_be_is_refused_where_it_is_wrong(
    clean: Site, desk: TestClient, press: str, case_id: UUID, *, decision: Any, reasons: Any, pointer: str
) -> None:
    answer = decide(desk, press, case_id, decision, reasons)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert clean.value('select state from review."case"') == "open"
    assert decided_events(clean) == []


def test_what_a_decision_does_not_have_is_refused(desk: TestClient, press: str, case_id: UUID) -> None:
    answer = desk.post(f"{CASES}/{case_id}/decision", json={"decision": "approve", "price": 1}, headers=bearer(press))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/price")


def test_bad_json_is_400(desk: TestClient, press: str, case_id: UUID) -> None:
    headers = {**bearer(press), "content-type": "application/json"}
    assert desk.post(f"{CASES}/{case_id}/decision", content="{", headers=headers).status_code == 400


def test_a_case_is_decided_once(clean: Site, desk: TestClient, press: str, case_id: UUID) -> None:
    assert decide(desk, press, case_id, "approve").status_code == 200
    again = decide(desk, press, case_id, "refuse", "やはり")
    assert (again.status_code, again.json()["type"]) == (409, "urn:madoguchi:problem:conflict")
    assert clean.value('select decision from review."case"') == "approve"
    assert len(decided_events(clean)) == 1


def test_of_two_decisions_at_the_same_time_one_holds(clean: Site, desk: TestClient, press: str, case_id: UUID) -> None:
    choices = [("approve", ""), ("refuse", "理由")] * 4
    with ThreadPoolExecutor(8) as officials:
        answers = list(officials.map(lambda choice: decide(desk, press, case_id, *choice), choices))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (holds,) = [answer.json()["decision"] for answer in answers if answer.status_code == 200]
    assert clean.value('select decision from review."case"') == holds
    assert [event["data"]["decision"] for event in decided_events(clean)] == [holds]


def test_a_notification_is_accepted_and_nothing_else(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau")
    event = in_prefecture("27")
    opens(clean, event)
    case = case_of(clean, event)["id"]
    assert decide(desk, key, case, "refuse", "理由").status_code == 422
    assert decide(desk, key, case, "accept").status_code == 200


def test_only_an_official_decides(clean: Site, desk: TestClient, case_id: UUID) -> None:
    for key in (clean.an_applicant(), clean.an_operator()):
        assert decide(desk, key, case_id, "approve").status_code == 403
    assert decide(desk, "mdg_wrong", case_id, "approve").status_code == 401
    assert clean.value('select state from review."case"') == "open"
