"""POST /v1/applications/check says what the format check would say, and records nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.intake.parts import APPLICATIONS, file, recorded
from tests.site import DENKI, KOEN, Site, bearer, example


def check(counter: TestClient, key: str, filing: Any, language: str = "ja") -> httpx.Response:
    headers = {**bearer(key), "accept-language": language}
    answer: httpx.Response = counter.post(f"{APPLICATIONS}/check", json=filing, headers=headers)
    return answer


def wrong_period() -> dict[str, Any]:
    filing = example(KOEN)
    filing["answers"] |= {"held": {"from": "2020-10-06", "to": "2020-10-05"}, "fee": 500}
    return filing


def test_what_is_in_order_is_valid_and_nothing_is_recorded(clean: Site, counter: TestClient) -> None:
    answer = check(counter, clean.an_applicant(), example(KOEN))
    assert (answer.status_code, answer.json()) == (200, {"valid": True, "errors": [], "warnings": []})
    assert recorded(clean) == 0


def test_a_warning_is_said_and_leaves_it_valid(clean: Site, counter: TestClient) -> None:
    said = check(counter, clean.an_applicant(), example(DENKI)).json()
    assert (said["valid"], said["errors"]) == (True, [])
    assert [place["pointer"] for place in said["warnings"]] == ["/answers/started"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_it_says_the_same_as_the_format_check_in_the_callers_language(clean: Site, counter: TestClient, language: str) -> None:
    key = clean.an_applicant()
    said = check(counter, key, wrong_period(), language)
    location = file(counter, key, wrong_period()).headers["location"]
    clean.deliver_all()
    mends = counter.get(location, headers=bearer(key)).json()["timeline"][-1]["detail"]["mends"]
    assert not said.json()["valid"]
    assert said.headers["content-language"] == language
    assert [(place["pointer"], place["detail"]) for place in said.json()["errors"]] == [
        (f"/answers{mend['pointer']}", mend[language]) for mend in mends
    ]


def test_what_does_not_fit_the_form_is_said_as_filing_says_it(clean: Site, counter: TestClient) -> None:
    key, filing = clean.an_applicant(), example(KOEN)
    filing["answers"] |= {"fee": "much", "unknown": 1}
    said = check(counter, key, filing)
    refused = file(counter, key, filing, **{"accept-language": "ja"})
    assert (said.status_code, refused.status_code) == (200, 422)
    assert said.json()["errors"] == refused.json()["errors"]


def test_what_cannot_be_judged_is_refused_as_in_filing(clean: Site, counter: TestClient) -> None:
    key, association = clean.an_applicant(), clean.an_applicant("b@example.com", kind="association")
    assert check(counter, "mdg_wrong", example(KOEN)).status_code == 401
    assert check(counter, clean.an_operator(), example(KOEN)).status_code == 403
    assert check(counter, association, example(DENKI)).status_code == 403
    assert check(counter, key, {**example(KOEN), "procedure": "none"}).status_code == 404
    assert check(counter, key, [1]).status_code == 422
    assert counter.post(f"{APPLICATIONS}/check", content="{", headers=bearer(key)).status_code == 400
