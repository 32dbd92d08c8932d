"""What happens to an organisation's applications is news to each of its people until he has read it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from shared.identity import accounts
from shared.identity.tables import Organisation
from shared.workdays import today
from tests.flows import corrections as on
from tests.site import ONE_STAGE, Site, bearer, example

NOTICES = "/v1/notices"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp")


def a_colleague(site: Site, email: str = "colleague@example.com") -> str:
    """A key of another person of the same organisation."""
    with Session(site.operator) as session:
        organisation = session.get_one(Organisation, site.account("applicant@example.com").organisation_id)
        added = accounts.add_account(session, email, "窓口 次郎", "applicant", organisation=organisation)
        issued = accounts.issue_key(session, added)
        session.commit()
        return issued


def listed(counter: TestClient, key: str, **query: Any) -> list[dict[str, Any]]:
    answer = counter.get(NOTICES, params=query, headers=bearer(key))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def kinds(counter: TestClient, key: str, **query: Any) -> list[str]:
    return [one["kind"] for one in listed(counter, key, **query)][::-1]


def test_everything_the_office_does_is_news_in_its_order(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    application = on.filed(clean, counter, key)
    case = on.case_of(clean, application)
    correction = on.ask(desk, press, case).json()["id"]
    clean.deliver_all()
    on.days_pass(clean, 12)
    clean.deliver_all()
    on.days_pass(clean, 15)
    clean.deliver_all()
    later = {"due_on": today().replace(year=today().year + 1).isoformat()}
    desk.post(f"/v1/cases/{case}/correction/extension", json=later, headers=bearer(press))
    clean.deliver_all()
    on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費")
    counter.post(f"/v1/applications/{application}/messages", json={"text": "送りました。"}, headers=bearer(key))
    desk.post(f"/v1/cases/{case}/messages", json={"text": "届きました。"}, headers=bearer(press))
    clean.deliver_all()
    on.decide(desk, press, case)
    clean.deliver_all()
    expected = ["arrived", "in_review", "asked", "reminded", "expired", "extended", "message", "approved", "document"]
    assert kinds(counter, key) == expected
    assert {one["application_id"] for one in listed(counter, key)} == {application}
    for kind in ("correction.reminded.v1", "message.to-applicant.v1", "correction.requested.v1"):
        on.bring_back(clean, kind)
        clean.deliver_all()
    assert kinds(counter, key) == expected


def test_each_person_reads_for_himself(clean: Site, counter: TestClient, key: str) -> None:
    on.filed(clean, counter, key)
    colleague = a_colleague(clean)
    ids = [one["id"] for one in listed(counter, key, unread=True)]
    assert len(ids) == 2
    for _ in range(2):
        assert counter.post(f"{NOTICES}/read", json={"ids": ids[:1]}, headers=bearer(key)).status_code == 204
    assert [one["id"] for one in listed(counter, key, unread=True)] == ids[1:]
    assert [one["read"] for one in listed(counter, key)] == [True, False]
    assert len(listed(counter, colleague, unread=True)) == 2


def test_another_organisation_neither_sees_nor_reads_them(clean: Site, counter: TestClient, key: str, press: str) -> None:
    on.filed(clean, counter, key)
    stranger = clean.an_applicant("b@example.com", name="乙")
    assert listed(counter, stranger) == []
    ids = [one["id"] for one in listed(counter, key)]
    assert counter.post(f"{NOTICES}/read", json={"ids": ids}, headers=bearer(stranger)).status_code == 204
    assert clean.value("select count(*) from intake.notice_read") == 0
    assert counter.get(NOTICES, headers=bearer(press)).status_code == 403


def test_they_are_paged_by_cursor(clean: Site, counter: TestClient, key: str) -> None:
    for _ in range(3):
        counter.post("/v1/applications", json=example(ONE_STAGE), headers=bearer(key))
    clean.deliver_all()
    every = [one["id"] for one in listed(counter, key)]
    first = [one["id"] for one in listed(counter, key, limit=4)]
    assert first + [one["id"] for one in listed(counter, key, limit=4, before=first[-1])] == every
    assert len(every) == 6


def test_a_returned_application_is_news(clean: Site, counter: TestClient, key: str) -> None:
    filing = example(ONE_STAGE)
    filing["answers"]["held"] = {"from": "2020-10-06", "to": "2020-10-05"}
    counter.post("/v1/applications", json=filing, headers=bearer(key))
    clean.deliver_all()
    assert kinds(counter, key) == ["returned"]
