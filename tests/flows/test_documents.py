"""A document goes out with the decision; when the applicant fetched it first is recorded once, and both sides see it."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from shared.procedure.papers import fiscal_year
from tests.flows import corrections as on
from tests.site import ONE_STAGE, Site, bearer

TITLE, TEXT = (
    "後援名義使用承認通知書",
    "令和8年10月に開かれる行事について、後援名義の使用を承認します。\n\n条件は別紙のとおりです。",
)
PAPER = {"title": TITLE, "text": TEXT}


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
def issued(clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str) -> str:
    """The path of a document that was issued."""
    answer = on.decide(desk, press, on.case_of(clean, application), document=PAPER)
    assert answer.status_code == 200, answer.text
    clean.deliver_all()
    one = letter(counter, key, application)
    return f"/v1/applications/{application}/documents/{one['id']}"


def listed(counter: TestClient, key: str, application: str) -> list[dict[str, Any]]:
    answer = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def letter(counter: TestClient, key: str, application: str) -> dict[str, Any]:
    """The one the official wrote, beside what the decision makes by the procedure."""
    (one,) = [one for one in listed(counter, key, application) if one["title"] == TITLE]
    return one


def at_desk(site: Site, desk: TestClient, press: str, application: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = desk.get(f"/v1/cases/{on.case_of(site, application)}/documents", headers=bearer(press)).json()
    (one,) = [one for one in found if one["title"] == TITLE]
    return one


def fetch(counter: TestClient, path: str, key: str) -> httpx.Response:
    answer: httpx.Response = counter.get(path, headers=bearer(key))
    return answer


def test_it_is_fetched_as_a_pdf_and_the_first_time_counts(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, issued: str
) -> None:
    one = letter(counter, key, application)
    assert (one["fetched_at"], one["number"]) == (None, f"{ONE_STAGE}-{fiscal_year(on.day(0))}-2")
    assert at_desk(clean, desk, press, application)["fetched_at"] is None
    first = fetch(counter, issued, key)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/pdf")
    assert (
        first.headers["content-disposition"]
        == f"attachment; filename=\"{one['number']}.pdf\"; filename*=UTF-8''{one['number']}.pdf"
    )
    assert first.content.startswith(b"%PDF-")
    clean.deliver_all()
    seen = at_desk(clean, desk, press, application)
    mine = letter(counter, key, application)
    assert (seen["fetched_by"], seen["sha256"]) == ("窓口 花子", hashlib.sha256(first.content).hexdigest())
    assert seen["fetched_at"] == mine["fetched_at"]
    assert fetch(counter, issued, key).content == first.content
    clean.deliver_all()
    assert letter(counter, key, application) == mine
    assert at_desk(clean, desk, press, application) == seen
    assert clean.value("select count(*) from bus.event where type = 'document.fetched.v1'") == 1
    assert clean.undone() == 0


def test_fetched_by_many_at_once_the_first_time_is_one(
    clean: Site, counter: TestClient, *, key: str, application: str, issued: str
) -> None:
    assert application
    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(lambda _: fetch(counter, issued, key), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert clean.value("select count(*) from bus.event where type = 'document.fetched.v1'") == 1


@pytest.mark.parametrize("kind", ["document.issued.v1", "document.fetched.v1"])
def test_delivered_twice_it_is_there_once(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, issued: str, kind: str
) -> None:
    fetch(counter, issued, key)
    clean.deliver_all()

    def everything() -> Any:
        told = clean.value("select count(*) from notify.message"), clean.value("select count(*) from intake.notice")
        return listed(counter, key, application), at_desk(clean, desk, press, application), told

    before = everything()
    on.bring_back(clean, kind)
    clean.deliver_all()
    assert everything() == before
    assert clean.undone() == 0


def test_the_applicant_is_told_and_the_office_alone_is_not_the_applicant(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, issued: str
) -> None:
    kinds = [one["kind"] for one in counter.get("/v1/notices", headers=bearer(key)).json()]
    assert sorted(kinds[:3]) == ["approved", "document", "document"]
    mail, _ = clean.rows("select recipient, filling from notify.message where template = 'document'")
    assert mail["recipient"] == "applicant@example.com"
    assert TITLE not in str(mail["filling"])
    stranger = clean.an_applicant("b@example.com", name="乙")
    assert fetch(counter, issued, stranger).status_code == 404
    assert fetch(counter, issued, press).status_code == 403
    id_ = at_desk(clean, desk, press, application)["id"]
    own = desk.get(f"/desk/cases/{on.case_of(clean, application)}/documents/{id_}.pdf", headers=bearer(press))
    assert own.status_code == 200
    assert own.headers["content-type"] == "application/pdf"
    assert clean.value("select count(*) from intake.document where fetched_at is not null") == 0
    other = on.filed(clean, counter, key)
    assert fetch(counter, f"/v1/applications/{other}/documents/{id_}", key).status_code == 404


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"title": "", "text": "x"}, "/document/title"),
    ({"title": "a\nb", "text": "x"}, "/document/title"),
    ({"title": "x" * 201, "text": "x"}, "/document/title"),
    ({"title": "x", "text": " "}, "/document/text"),
    ({"title": "x", "text": "a\0b"}, "/document/text"),
    ({"title": "x", "text": "x" * 20_001}, "/document/text"),
    ({"title": "x", "text": "x", "seal": 1}, "/document/seal"),
]


@pytest.mark.parametrize(("paper", "pointer"), UNFIT)
def test_with_a_document_that_cannot_be_issued_nothing_is_decided(
    clean: Site, desk: TestClient, *, press: str, application: str, paper: dict[str, Any], pointer: str
) -> None:
    answer = on.decide(desk, press, on.case_of(clean, application), document=paper)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert clean.value('select state from review."case"') == "open"
    assert clean.value("select count(*) from review.document") == 0


def test_a_decision_that_makes_none_and_has_none_written_issues_none(clean: Site, counter: TestClient, desk: TestClient) -> None:
    division, manager = clean.an_applicant(kind="ministry"), clean.a_reviewer("dx-data", "dx-systems", "dx-office")
    application = on.filed(clean, counter, division, "dx-sodan")
    assert on.decide(desk, manager, on.case_of(clean, application), "accept").status_code == 200
    clean.deliver_all()
    assert listed(counter, division, application) == []
