"""After a last day without an answer: the office waits, or finds a refusal prepared; none is ever made by itself."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from services.review.procedures import version
from shared.events import ProcedureRef
from tests.flows import corrections as on
from tests.review.parts import CASES, an_arrival, case_of, opens
from tests.site import ONE_STAGE, Site, bearer
from tests.web.conftest import HTML


@pytest.fixture
def official(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def case(clean: Site, desk: TestClient, official: str) -> str:
    """A case whose correction was not answered."""
    event = an_arrival()
    opens(clean, event)
    found = str(case_of(clean, event)["id"])
    assert on.ask(desk, official, found).status_code == 201
    on.days_pass(clean, 20)
    return found


@pytest.fixture
def refusals(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The procedure prepares refusals."""
    with clean.session("review") as session:
        review = version(session, ProcedureRef(id=ONE_STAGE, version=1)).review
        monkeypatch.setitem(review.__dict__, "on_expiry", "propose-refusal")


def test_without_a_word_of_the_procedure_the_office_waits(desk: TestClient, official: str, case: str) -> None:
    assert desk.get(f"{CASES}/{case}/prepared-decision", headers=bearer(official)).json() is None


@pytest.mark.usefixtures("refusals")
def test_a_refusal_is_prepared_with_its_ground_and_nothing_is_decided_by_itself(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    prepared = desk.get(f"{CASES}/{case}/prepared-decision", headers=bearer(official)).json()
    assert prepared["decision"] == "refuse"
    assert "行政手続法" in prepared["reasons"]
    assert on.FEE[0]["says"] in prepared["reasons"]
    page = desk.get(f"/desk/cases/{case}", headers={"accept": HTML, **bearer(official)}).text
    assert on.FEE[0]["says"] in page.partition('<textarea id="reasons"')[2].partition("</textarea>")[0]
    assert 'value="refuse" required checked' in page
    on.days_pass(clean, 40)
    rows = clean.rows('select state, decision from review."case"')
    assert rows == [{"state": "correcting", "decision": None}]
    stranger = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    assert desk.get(f"{CASES}/{case}/prepared-decision", headers=bearer(stranger)).status_code == 404


@pytest.mark.usefixtures("refusals")
def test_more_time_takes_the_prepared_refusal_away(desk: TestClient, official: str, case: str) -> None:
    more = desk.post(f"{CASES}/{case}/correction/extension", json={"due_on": str(on.day(30))}, headers=bearer(official))
    assert more.status_code == 200
    assert desk.get(f"{CASES}/{case}/prepared-decision", headers=bearer(official)).json() is None
