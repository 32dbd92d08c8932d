"""POST /v1/applications: 202 means recorded for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from shared.procedure.files import procedure_files
from tests.intake.parts import APPLICATIONS, file, places, recorded
from tests.site import DENKI, KOEN, ONE_STAGE, PROCEDURES, Site, bearer, example


def test_a_filing_is_answered_with_a_receipt_and_lies_in_the_file(clean: Site, counter: TestClient) -> None:
    answer = file(counter, clean.an_applicant(), example(DENKI))
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert answer.headers["location"] == f"{APPLICATIONS}/{receipt['id']}"
    assert receipt["procedure"] == {"id": DENKI, "version": 1}
    assert receipt["status"] == "filed"
    assert abs(datetime.fromisoformat(receipt["filed_at"]) - datetime.now(UTC)) < timedelta(seconds=10)
    (row,) = clean.rows("select * from intake.application")
    assert (str(row["id"]), row["receipt_number"], row["state"]) == (receipt["id"], receipt["receipt_number"], "filed")
    assert row["answers"] == example(DENKI)["answers"]
    assert row["applicant"]["name"] == "株式会社窓口電機"
    assert row["contact"] == {"name": "窓口 花子", "email": "applicant@example.com", "language": "ja"}


def test_the_receipt_number_says_the_day_in_japan(clean: Site, counter: TestClient) -> None:
    receipt = file(counter, clean.an_applicant(), example(DENKI)).json()
    day = datetime.fromisoformat(receipt["filed_at"]) + timedelta(hours=9)
    assert receipt["receipt_number"].startswith(f"R{day:%Y%m%d}-")


def test_many_filings_at_once_each_get_their_own_receipt(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    with ThreadPoolExecutor(16) as applicants:
        answers = list(applicants.map(lambda _: file(counter, key, example(DENKI)), range(120)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["receipt_number"] for answer in answers}) == 120
    assert recorded(clean) == 120


def test_a_contact_of_its_own_is_kept(clean: Site, counter: TestClient) -> None:
    contact = {"name": "Hanako", "email": "o'hara+x@ex-ample.co.jp", "language": "en"}
    assert file(counter, clean.an_applicant(), {**example(DENKI), "contact": contact}).status_code == 202
    assert clean.rows("select contact from intake.application") == [{"contact": contact}]


@pytest.mark.parametrize("kind", ["corporation", "sole-proprietor"])
def test_the_kinds_of_applicants_a_procedure_is_for_may_file(clean: Site, counter: TestClient, kind: str) -> None:
    assert file(counter, clean.an_applicant(kind=kind), example(DENKI)).status_code == 202


def test_other_kinds_of_applicants_are_refused(clean: Site, counter: TestClient) -> None:
    answer = file(counter, clean.an_applicant(kind="association"), example(DENKI))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:madoguchi:problem:forbidden")
    assert recorded(clean) == 0


def test_the_same_key_and_body_get_the_same_answer_and_one_record(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    answers = [file(counter, key, example(DENKI), once="k-1") for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert recorded(clean) == 1


def test_the_same_key_with_another_body_is_refused(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    assert file(counter, key, example(DENKI), once="k-1").status_code == 202
    answer = file(counter, key, example(KOEN), once="k-1")
    assert answer.status_code == 422
    places(answer)
    assert recorded(clean) == 1


def test_two_organisations_may_choose_the_same_key(clean: Site, counter: TestClient) -> None:
    keys = [clean.an_applicant("a@example.com", name="甲"), clean.an_applicant("b@example.com", name="乙")]
    ids = {file(counter, key, example(DENKI), once="k-1").json()["id"] for key in keys}
    assert len(ids) == recorded(clean) == 2


def test_a_key_used_at_the_same_time_records_once_and_says_409_or_the_same(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    with ThreadPoolExecutor(8) as copies:
        answers = list(copies.map(lambda _: file(counter, key, example(DENKI), once="k-1"), range(24)))
    taken = {answer.text for answer in answers if answer.status_code == 202}
    assert len(taken) == recorded(clean) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)


def test_a_key_used_at_the_same_time_in_two_processes_records_once(clean: Site, counter: TestClient) -> None:
    from services.intake.app import create_app

    key = clean.an_applicant()
    with TestClient(create_app()) as second, ThreadPoolExecutor(8) as copies:
        both = (counter, second)
        answers = list(copies.map(lambda n: file(both[n % 2], key, example(DENKI), once="k-1"), range(24)))
    assert len({answer.text for answer in answers if answer.status_code == 202}) == recorded(clean) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}


@pytest.mark.parametrize("once", ["x" * 256, ""])
def test_an_idempotency_key_has_1_to_255_characters(clean: Site, counter: TestClient, once: str) -> None:
    headers = {**bearer(clean.an_applicant()), "idempotency-key": once}
    answer = counter.post(APPLICATIONS, json=example(DENKI), headers=headers)
    assert answer.status_code == 422
    assert recorded(clean) == 0


def test_a_procedure_is_shown_with_the_schema_its_example_fits(clean: Site, counter: TestClient) -> None:
    from jsonschema_rs import Draft202012Validator

    in_force = {ONE_STAGE, *(path.stem for path in procedure_files(PROCEDURES))}
    assert {row["id"] for row in counter.get("/v1/procedures").json()} == in_force
    for name in (DENKI, KOEN):
        shown = counter.get(f"/v1/procedures/{name}", headers={"accept-language": "en"}).json()
        assert shown["open"]
        assert shown["title"].isascii()
        assert Draft202012Validator(shown["answers_schema"]).is_valid(example(name)["answers"])
    assert clean.broker_url
