"""Applicant and office write to each other: each message once, seen by all of both sides, and when it was read."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.flows import corrections as on
from tests.flows.test_withdrawal import withdraw
from tests.site import ONE_STAGE, Site, bearer, example

SECRET = "担当者だけに伝えたいこと <b>\n二行目"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def application(clean: Site, counter: TestClient, key: str, press: str) -> str:
    assert press
    return on.filed(clean, counter, key)


@pytest.fixture
def case(clean: Site, application: str) -> str:
    return f"/v1/cases/{on.case_of(clean, application)}"


def write(client: TestClient, path: str, key: str, text: Any = SECRET) -> httpx.Response:
    answer: httpx.Response = client.post(f"{path}/messages", json={"text": text}, headers=bearer(key))
    return answer


def read(client: TestClient, path: str, key: str) -> list[dict[str, Any]]:
    answer = client.get(f"{path}/messages", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_what_one_side_writes_the_other_reads_and_the_first_sees_that_it_was_read(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    here = f"/v1/applications/{application}"
    assert write(counter, here, key).status_code == 201
    clean.deliver_all()
    (at_desk,) = read(desk, case, press)
    assert (at_desk["text"], at_desk["author"], at_desk["from_office"]) == (SECRET, "窓口 花子", False)
    assert write(desk, case, press, "承知しました。").status_code == 201
    clean.deliver_all()
    mine, theirs = read(counter, here, key)
    assert (mine["read_at"], theirs["text"], theirs["author"], theirs["from_office"]) == (
        None,
        "承知しました。",
        "広報 次郎",
        True,
    )
    for _ in range(2):
        assert desk.post(f"{case}/messages/read", headers=bearer(press)).status_code == 204
        assert counter.post(f"{here}/messages/read", headers=bearer(key)).status_code == 204
        clean.deliver_all()
    assert all(one["read_at"] for one in read(counter, here, key) + read(desk, case, press))
    assert read(counter, here, key) == read(desk, case, press)
    assert clean.value("select count(*) from bus.event where type like 'message.read-by%'") == 2
    assert clean.undone() == 0


def test_the_mails_say_only_that_there_is_a_message(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    clean.run("truncate notify.message cascade")
    write(counter, f"/v1/applications/{application}", key)
    write(desk, case, press)
    clean.deliver_all()
    rows = clean.rows("select recipient, template, filling from notify.message where channel = 'email'")
    assert sorted((row["recipient"], row["template"], row["filling"]["path"]) for row in rows) == [
        ("applicant@example.com", "message", f"/applications/{application}/messages"),
        ("press@example.go.jp", "message", f"/desk/cases/{on.case_of(clean, application)}/messages"),
    ]
    assert not any("担当者だけ" in str(row["filling"]) for row in rows)


@pytest.mark.parametrize("kind", ["message.to-office.v1", "message.to-applicant.v1", "message.read-by-office.v1"])
def test_a_message_that_is_delivered_twice_is_there_once(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, kind: str
) -> None:
    here = f"/v1/applications/{application}"
    write(counter, here, key)
    write(desk, case, press)
    clean.deliver_all()
    desk.post(f"{case}/messages/read", headers=bearer(press))
    clean.deliver_all()
    before = read(counter, here, key), read(desk, case, press), clean.value("select count(*) from notify.message")
    on.bring_back(clean, kind)
    clean.deliver_all()
    after = read(counter, here, key), read(desk, case, press), clean.value("select count(*) from notify.message")
    assert before == after
    assert clean.undone() == 0


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001, "a\0b", 1, None])
def test_a_text_that_cannot_be_sent_is_refused_on_both_sides(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, text: Any
) -> None:
    for answer in (write(counter, f"/v1/applications/{application}", key, text), write(desk, case, press, text)):
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/text")
    assert clean.value("select count(*) from intake.message") + clean.value("select count(*) from review.message") == 0


def test_the_whole_organisation_and_the_whole_group_see_them_and_nobody_else(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    here = f"/v1/applications/{application}"
    write(counter, here, key)
    clean.deliver_all()
    colleague = clean.a_reviewer("public-relations", email="p2@example.go.jp")
    assert len(read(desk, case, colleague)) == 1
    stranger = clean.an_applicant("b@example.com", name="乙")
    other_office = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    for client, path, who in ((counter, here, stranger), (desk, case, other_office)):
        assert client.get(f"{path}/messages", headers=bearer(who)).status_code == 404
        assert write(client, path, who).status_code == 404
        assert client.post(f"{path}/messages/read", headers=bearer(who)).status_code == 404
    assert write(counter, here, press).status_code == write(desk, case, key).status_code == 403


def test_before_the_review_and_after_a_withdrawal_nobody_would_read_it(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    early = counter.post("/v1/applications", json=example(ONE_STAGE), headers=bearer(key)).json()["id"]
    assert write(counter, f"/v1/applications/{early}", key).status_code == 409
    clean.deliver_all()
    withdraw(counter, key, early)
    clean.deliver_all()
    assert write(counter, f"/v1/applications/{early}", key).status_code == 409
    assert write(desk, f"/v1/cases/{on.case_of(clean, early)}", press).status_code == 409


def test_there_is_a_limit_a_day(
    clean: Site, counter: TestClient, monkeypatch: pytest.MonkeyPatch, *, key: str, application: str
) -> None:
    monkeypatch.setattr("services.intake.messages.messages.MOST_A_DAY", 2)
    codes = [write(counter, f"/v1/applications/{application}", key).status_code for _ in range(3)]
    assert codes == [201, 201, 429]
    clean.run("update intake.message set at = at - interval '1 day'")
    assert write(counter, f"/v1/applications/{application}", key).status_code == 201


def test_a_message_after_the_decision_is_heard_too(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    on.decide(desk, press, on.case_of(clean, application))
    clean.deliver_all()
    assert write(counter, f"/v1/applications/{application}", key).status_code == 201
    clean.deliver_all()
    assert len(read(desk, case, press)) == 1
