"""What an applicant says to the items of a correction, beside mending them or instead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.flows import corrections as on
from tests.site import Site, bearer
from tests.web.conftest import HTML

SAID = "無料の行事です。0円で正しい金額です。"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def application(clean: Site, counter: TestClient, desk: TestClient, key: str, press: str) -> str:
    """An application of which a correction is asked for."""
    made = on.filed(clean, counter, key)
    assert on.ask(desk, press, on.case_of(clean, made)).status_code == 201
    clean.deliver_all()
    return made


def test_a_reply_comes_with_what_is_sent_in_or_instead_of_a_change(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str
) -> None:
    correction = on.to_mend(counter, key, application)["id"]

    def send(**body: Any) -> httpx.Response:
        here = f"/v1/applications/{application}/correction"
        answer: httpx.Response = counter.put(here, json={"correction": correction, "answers": {}, **body}, headers=bearer(key))
        return answer

    for replies in ({"/event": "求められていない"}, {"/fee": "x" * 1001}, {"/fee": "a\0"}):
        assert send(replies=replies).status_code == 422
    assert send().status_code == 422  # nothing is changed, and nothing is said
    answered = send(replies={"/fee": SAID})
    assert (answered.status_code, answered.json()["items"][0]["reply"]) == (200, SAID)
    clean.deliver_all()
    case = on.case_of(clean, application)
    (found,) = on.at_desk(desk, press, case)
    assert (found["state"], found["replies"], found["changes"], found["revision"]) == ("answered", {"/fee": SAID}, [], 2)
    assert SAID in desk.get(f"/desk/cases/{case}", headers={**bearer(press), "accept": HTML}).text
    assert on.case(desk, press, case)["state"] == "open"
    mails = clean.rows("select filling from notify.message")
    assert not any(SAID in str(row) for row in mails)


def test_a_reply_is_saved_with_the_form_and_sent_in_with_it(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str
) -> None:
    me = {**bearer(key), "accept": HTML, "origin": str(counter.base_url)}
    here = f"/applications/{application}/correction"
    form = {"correction": on.to_mend(counter, key, application)["id"], "version": "1", "reply:/fee": SAID}
    too_long = counter.post(here, data={**form, "reply:/fee": "長" * 1001, "go": "send"}, headers=me)
    assert (too_long.status_code, "長" * 1001 in too_long.text) == (422, True)
    saved = counter.post(here, data={**form, "go": "later"}, headers=me, follow_redirects=False)
    assert saved.status_code == 303
    assert SAID in counter.get(here, headers=me).text
    sent = counter.post(here, data={**form, "version": "2", "go": "send"}, headers=me, follow_redirects=False)
    assert sent.headers["location"] == f"/applications/{application}"
    clean.deliver_all()
    assert on.at_desk(desk, press, on.case_of(clean, application))[0]["replies"] == {"/fee": SAID}
