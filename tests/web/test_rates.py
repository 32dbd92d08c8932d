"""Who sends too fast is told when to come again; others are not held up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from shared.buckets import BURST, Buckets
from shared.web.sign_in import EVENLY
from tests.site import KOEN, Site, bearer, example

CHECK = "/v1/applications/check"
FILE = "/v1/applications"


@pytest.fixture
def strict(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A counter that takes one filing and one other POST in five seconds of a key, two at once, and eight POSTs of an address."""
    from services.intake.app import create_app

    assert site.broker_url
    monkeypatch.setenv("MADOGUCHI_INTAKE_POSTS_PER_CALLER", "0.2")
    monkeypatch.setenv("MADOGUCHI_INTAKE_POSTS_PER_ADDRESS", "0.8")
    monkeypatch.setenv("MADOGUCHI_INTAKE_FILINGS_PER_CALLER", "0.2")
    with TestClient(create_app()) as client:
        yield client


def statuses(client: TestClient, key: str, path: str, times: int) -> list[int]:
    answers = [client.post(path, json=example(KOEN), headers=bearer(key)) for _ in range(times)]
    for answer in answers:
        if answer.status_code == 429:
            assert answer.json()["type"] == "urn:madoguchi:problem:too-many"
            assert 1 <= int(answer.headers["retry-after"]) <= 5
            assert answer.headers["x-content-type-options"] == "nosniff"
    return [answer.status_code for answer in answers]


def test_a_key_that_sends_too_fast_is_refused_and_another_is_not(clean: Site, strict: TestClient) -> None:
    one, other = clean.an_applicant(), clean.an_applicant("b@example.com", name="乙")
    assert statuses(strict, one, CHECK, 4) == [200, 200, 429, 429]
    assert statuses(strict, other, CHECK, 1) == [200]
    assert strict.get(FILE, headers=bearer(one)).status_code == 200  # looking is not limited


def test_an_address_that_sends_too_fast_is_refused_whatever_key_it_tries(clean: Site, strict: TestClient) -> None:
    assert clean.broker_url
    tried = [strict.post(CHECK, json={}, headers=bearer(f"mdg_{number}")).status_code for number in range(12)]
    assert tried == [401] * 8 + [429] * 4


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_other_ways_to_change_something_are_limited_too(clean: Site, strict: TestClient, method: str) -> None:
    key = clean.an_applicant()
    tried = [strict.request(method, f"/v1/drafts/{UUID(int=0)}", headers=bearer(key)).status_code for _ in range(3)]
    assert tried[:2] != [429, 429]
    assert tried[2] == 429


def test_who_asks_for_links_without_end_is_refused_and_hears_nothing_of_who_has_an_account(
    clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.intake.app import create_app

    monkeypatch.setenv("MADOGUCHI_INTAKE_SIGN_INS_PER_ADDRESS", "0.3")
    clean.an_applicant("applicant@example.com")
    with TestClient(create_app(), headers={"origin": "http://testserver"}) as client:
        took = []
        for address in ("applicant@example.com", "nobody@example.com", "applicant@example.com", "nobody@example.com"):
            begun = time.perf_counter()
            status = client.post("/sign-in", data={"email": address}).status_code
            took.append((status, time.perf_counter() - begun))
    assert [status for status, _ in took] == [200, 200, 200, 429]
    assert all(seconds >= EVENLY for _, seconds in took[:3])  # whatever was to be done meanwhile


def test_filing_has_its_own_limit_which_is_off_unless_it_is_set(clean: Site, strict: TestClient, counter: TestClient) -> None:
    key = clean.an_applicant()
    assert statuses(strict, key, CHECK, 3) == [200, 200, 429]
    assert statuses(strict, key, FILE, 3) == [202, 202, 429]
    assert set(statuses(counter, key, FILE, 30)) == {202}
    assert clean.value("select count(*) from intake.application") == 32


def test_a_bucket_fills_with_time_and_never_over() -> None:
    now = [0.0]
    bucket = Buckets(2.0, clock=lambda: now[0])
    assert [bucket.take(b"a") for _ in range(int(2 * BURST))] == [0.0] * int(2 * BURST)
    assert bucket.take(b"a") == pytest.approx(0.5)
    now[0] += 1
    assert [bucket.take(b"a") for _ in range(3)] == [0.0, 0.0, pytest.approx(0.5)]
    now[0] += 1000
    assert sum(bucket.take(b"a") == 0 for _ in range(100)) == int(2 * BURST)


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    bucket = Buckets(1.0)
    for number in range(20_000):
        bucket.take(str(number).encode())
    assert len(bucket._filled) <= 10_000
