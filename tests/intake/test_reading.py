"""What an applicant sees of the applications: his organisation's, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.intake.parts import APPLICATIONS, file
from tests.site import DENKI, Site, bearer, example


def test_an_application_is_shown_with_what_was_filed_and_its_timeline(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    location = file(counter, key, example(DENKI)).headers["location"]
    shown = counter.get(location, headers=bearer(key)).json()
    assert (shown["status"], shown["arrival_number"]) == ("filed", None)
    assert shown["answers"] == example(DENKI)["answers"]
    assert [step["state"] for step in shown["timeline"]] == ["filed"]
    clean.deliver_all()
    shown = counter.get(location, headers=bearer(key)).json()
    assert shown["status"] == "in_review"
    assert shown["arrival_number"].startswith("A20")
    assert [step["state"] for step in shown["timeline"]] == ["filed", "arrived", "in_review"]


def test_an_application_of_another_organisation_is_not_there(clean: Site, counter: TestClient) -> None:
    mine, other = clean.an_applicant("a@example.com", name="甲"), clean.an_applicant("b@example.com", name="乙")
    location = file(counter, mine, example(DENKI)).headers["location"]
    answer, unknown = (counter.get(path, headers=bearer(other)) for path in (location, f"{APPLICATIONS}/{uuid4()}"))
    assert answer.status_code == unknown.status_code == 404
    assert answer.json()["type"] == unknown.json()["type"]  # nothing tells one from the other
    assert counter.get(APPLICATIONS, headers=bearer(other)).json() == []
    assert len(counter.get(APPLICATIONS, headers=bearer(mine)).json()) == 1


@pytest.mark.parametrize("role", ["reviewer", "operator", "nobody"])
def test_others_than_applicants_see_no_applications_here(clean: Site, counter: TestClient, role: str) -> None:
    location = file(counter, clean.an_applicant(), example(DENKI)).headers["location"]
    keys: dict[str, Callable[[], str]] = {
        "reviewer": lambda: clean.a_reviewer("kinki-bureau"),
        "operator": clean.an_operator,
        "nobody": str,
    }
    key = keys[role]()
    for path in (location, APPLICATIONS):
        assert counter.get(path, headers=bearer(key)).status_code == (401 if role == "nobody" else 403)


def test_the_list_is_paged_newest_first_without_gap_or_repetition(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    filed = [file(counter, key, example(DENKI)).json()["id"] for _ in range(7)]
    seen: list[str] = []
    page = counter.get(APPLICATIONS, params={"limit": 3}, headers=bearer(key)).json()
    while page:
        assert len(page) <= 3
        seen += [row["id"] for row in page]
        page = counter.get(APPLICATIONS, params={"limit": 3, "before": seen[-1]}, headers=bearer(key)).json()
    assert seen == filed[::-1]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"before": "x"}])
def test_a_wrong_query_is_422_and_says_which(clean: Site, counter: TestClient, query: dict[str, str | int]) -> None:
    answer = counter.get(APPLICATIONS, params=query, headers=bearer(clean.an_applicant()))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"query:/{next(iter(query))}"


def test_an_id_that_is_none_is_422(clean: Site, counter: TestClient) -> None:
    assert counter.get(f"{APPLICATIONS}/1", headers=bearer(clean.an_applicant())).status_code == 422
