"""Withdrawing on the pages: a question, then the answer; no script."""

from __future__ import annotations

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.intake.parts import file
from tests.site import KOEN, Site, bearer, example


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def page(counter: TestClient, key: str, path: str) -> str:
    answer = counter.get(path, headers={**bearer(key), "accept": "text/html", "accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def send(counter: TestClient, key: str, path: str, reason: str) -> httpx.Response:
    headers = {**bearer(key), "accept": "text/html", "accept-language": "en", "sec-fetch-site": "same-origin"}
    answer: httpx.Response = counter.post(path, data={"reason": reason}, headers=headers, follow_redirects=False)
    return answer


def test_the_applications_page_leads_to_a_question_and_its_button_withdraws(clean: Site, counter: TestClient, key: str) -> None:
    path = f"/applications/{file(counter, key, example(KOEN)).json()['id']}"
    assert f'href="{path}/withdrawal"' in page(counter, key, path)
    assert "Withdraw this application?" in page(counter, key, f"{path}/withdrawal")
    assert clean.value("select state from intake.application") == "filed"
    answer = send(counter, key, f"{path}/withdrawal", "中止\r\nのため")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert clean.value("select detail from intake.step")["reason"] == "中止\nのため"
    assert "Withdrawn" in page(counter, key, path)
    assert f"{path}/withdrawal" not in page(counter, key, path)


def test_a_reason_that_is_too_long_comes_back_with_what_to_do(clean: Site, counter: TestClient, key: str) -> None:
    path = f"/applications/{file(counter, key, example(KOEN)).json()['id']}/withdrawal"
    answer = send(counter, key, path, "x" * 2001)
    assert answer.status_code == 422
    assert "Use at most 2000 characters" in answer.text
    assert clean.value("select state from intake.application") == "filed"
