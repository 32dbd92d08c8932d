"""A procedure may ask that the applicant is known: who is not is refused, and told what to do."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.identity.test_mandates import AGENT, mandate, on_behalf
from tests.identity.test_sessions import signed_in
from tests.intake.parts import file, recorded
from tests.site import DENKI, Site, bearer, example
from tests.web.conftest import Open, counter_pages, open_pages

__all__ = ["counter_pages", "open_pages"]  # fixtures
GRANT = "hojokin-kofu"
UNVERIFIED = "update identity.organisation set verified = false where name = '株式会社窓口電機'"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def forget(client: TestClient) -> None:
    client.app.state.callers.forget_all()  # type: ignore[attr-defined] # FastAPI's state


def test_who_is_not_verified_files_what_needs_no_verification_only(clean: Site, counter: TestClient, key: str) -> None:
    clean.run(UNVERIFIED)
    refused = file(counter, key, example(GRANT), **ENGLISH)
    assert refused.status_code == 403
    assert "GビズID" in refused.json()["detail"]
    assert counter.post("/v1/applications/check", json=example(GRANT), headers=bearer(key)).status_code == 403
    assert counter.post("/v1/drafts", json={"procedure": GRANT}, headers=bearer(key)).status_code == 403
    assert file(counter, key, example(DENKI)).status_code == 202
    assert recorded(clean) == 1


def test_who_is_verified_files_it(clean: Site, counter: TestClient, key: str) -> None:
    assert file(counter, key, example(GRANT)).status_code == 202
    assert recorded(clean) == 1


def test_a_gbizid_entry_account_is_not_verified(clean: Site, counter: TestClient, key: str) -> None:
    clean.run(UNVERIFIED)
    clean.run("update identity.account set standing = 'entry'")
    assert file(counter, key, example(GRANT)).status_code == 403


def test_neither_principal_nor_agent_may_be_unverified(clean: Site, counter: TestClient, key: str) -> None:
    agent = clean.an_applicant(AGENT, name="行政書士法人代理")
    mandate(counter, key, agent)
    for name in ("株式会社窓口電機", "行政書士法人代理"):
        clean.run("update identity.organisation set verified = (name <> :n)", n=name)
        forget(counter)
        assert file(counter, agent, on_behalf(counter, key, GRANT)).status_code == 403
    clean.run("update identity.organisation set verified = true")
    forget(counter)
    assert file(counter, agent, on_behalf(counter, key, GRANT)).status_code == 202


def test_a_draft_of_before_is_not_filed_by_who_is_no_longer_verified(clean: Site, counter: TestClient, key: str) -> None:
    body = {"procedure": GRANT, "answers": example(GRANT)["answers"]}
    draft = counter.post("/v1/drafts", json=body, headers=bearer(key)).json()
    clean.run(UNVERIFIED)
    forget(counter)
    answer = counter.post(f"/v1/drafts/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(key))
    assert answer.status_code == 403
    assert recorded(clean) == 0


def test_the_pages_say_it_before_one_begins(clean: Site, open_pages: Open, key: str) -> None:
    clean.run(UNVERIFIED)
    browser = signed_in(open_pages, clean)
    page = browser.get(f"/procedures/{GRANT}/apply").text
    assert "GビズID" in page
    assert "<form" not in page.split("<main")[1]
    assert "GビズID" in browser.get(f"/procedures/{GRANT}").text
    assert "<form" in browser.get(f"/procedures/{DENKI}/apply").text.split("<main")[1]
    assert key


def test_the_catalogue_says_it(counter: TestClient) -> None:
    assert counter.get(f"/v1/procedures/{GRANT}").json()["sign_in"] == "prime"
    assert counter.get(f"/v1/procedures/{DENKI}").json()["sign_in"] == "any"
