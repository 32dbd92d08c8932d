"""The list of cases as a page: its form, what it is narrowed by, how many there are."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from services.review.finding import finding
from tests.review.finding.test_finding import by, renewed
from tests.review.parts import case_of, in_prefecture, opens
from tests.site import Site, bearer


def test_the_page_says_what_it_is_narrowed_by_and_each_filter_can_be_taken_out(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("public-relations", "kinki-bureau")
    wanted, other, elsewhere = by("林産業"), by("海山商会"), in_prefecture("27")
    opens(clean, wanted, other, elsewhere)
    renewed(clean)
    headers = {**bearer(key), "accept": "text/html"}
    query = {"q": "林産業", "procedure": "koen-meigi", "whose": "groups", "stage": "", "arrived_from": "2020-04-01", "lang": "en"}
    page = desk.get("/desk", params=query, headers=headers).text
    assert re.findall(r'href="/desk/cases/([0-9a-f-]+)"', page) == [str(case_of(clean, wanted)["id"])]
    assert "Cases: 1</p>" in page
    (without,) = re.findall(r'class="chip" href="([^"]+)"><span>Search: 林産業', page)
    assert "Arrived from: 1 April 2020" in page
    wider = desk.get(without.replace("&amp;", "&"), headers=headers).text
    assert len(re.findall(r'href="/desk/cases/', wider)) == 2
    assert clean.value("select count(*) from review.audit_entry where act = 'cases.listed'") == 2
    assert "林産業" not in str(clean.rows("select details from review.audit_entry"))


def test_what_cannot_be_understood_is_said_and_the_rest_is_shown(
    clean: Site, desk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = clean.a_reviewer("public-relations")
    opens(clean, by("一"), by("二"), by("三"))
    monkeypatch.setattr(finding, "COUNTED", 2)
    query = {"arrived_from": "yesterday", "amount_to": "many", "state": "?", "whose": "?", "lang": "en"}
    page = desk.get("/desk", params=query, headers={**bearer(key), "accept": "text/html"})
    assert page.status_code == 200
    assert '<a href="#arrived_from">' in page.text
    assert 'id="amount_to-error"' in page.text
    assert "more than 2" in page.text
    assert len(re.findall(r'href="/desk/cases/', page.text)) == 3
