"""Officials take a case through its stages by forms alone: criteria, proposal, passing on, sending back, approval."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.site import KOEN, Site, example
from tests.web.test_pages import case_of, sign_in

EXAMINER, HEAD = "examiner@example.go.jp", "head@example.go.jp"


@pytest.fixture
def case(clean: Site, counter_pages: TestClient) -> str:
    """The page of a case in its first stage, for two officials."""
    for email in (EXAMINER, HEAD):
        clean.a_reviewer("public-relations", email=email, name=email.partition("@")[0])
    key = clean.an_applicant()
    answer = counter_pages.post("/v1/applications", json=example(KOEN), headers={"authorization": f"Bearer {key}"})
    clean.deliver_all()
    return f"/desk/cases/{case_of(clean, answer.json()['id'])}"


def judged(**changes: str) -> dict[str, str]:
    """The form of the criteria."""
    form = {f"verdict-{key}": "met" for key in ("public_good", "no_profit", "trust")}
    return form | {"evidence-public_good": "事業計画書", "revision": "1"} | changes


def test_a_case_goes_through_its_stages_by_forms(
    counter_pages: TestClient, desk_pages: TestClient, case: str, clean: Site
) -> None:
    examiner = sign_in(counter_pages, clean, EXAMINER)
    page = desk_pages.get(case, headers=examiner).text
    assert '<li aria-current="step" class="step-now">審査' in page
    assert "この基準を判定してください：公益性がある" in page
    assert "記録する</button>" in desk_pages.get(f"{case}/criteria", headers=examiner).text
    assert desk_pages.post(f"{case}/criteria", data=judged(), headers=examiner).status_code == 303
    proposal = {"decision": "approve", "conditions": "報告書を出すこと。\r\n\r\n変更は届け出ること。", "revision": "1"}
    assert "行事が終わったときは" in desk_pages.get(f"{case}/proposal", headers=examiner).text  # the standard conditions
    assert desk_pages.post(f"{case}/proposal", data=proposal, headers=examiner).status_code == 303
    assert desk_pages.post(f"{case}/pass", data={"note": "", "revision": "1"}, headers=examiner).status_code == 303
    assert "この段階は別の方が行います" in desk_pages.get(case, headers=examiner).text
    alone = desk_pages.post(f"{case}/approval", data={"proposal": "1"}, headers=examiner)
    assert (alone.status_code, "この段階は別の方が行います" in alone.text) == (409, True)
    head = sign_in(counter_pages, clean, HEAD)
    assert "起案1を承認する（決裁）" in desk_pages.get(case, headers=head).text
    assert desk_pages.post(f"{case}/proposal/comments", data={"text": "<同意>"}, headers=head).status_code == 303
    assert "&lt;同意&gt;" in desk_pages.get(case, headers=head).text
    assert desk_pages.post(f"{case}/approval", data={"proposal": "1"}, headers=head).status_code == 303
    page = desk_pages.get(case, headers=head).text
    assert "変更は届け出ること。" in page
    assert clean.value('select state from review."case"') == "decided"


def test_what_is_wrong_is_said_beside_its_entry_and_kept(
    counter_pages: TestClient, desk_pages: TestClient, case: str, clean: Site
) -> None:
    examiner = sign_in(counter_pages, clean, EXAMINER)
    wrong = desk_pages.post(f"{case}/criteria", data=judged(**{"verdict-trust": "not-met"}), headers=examiner)
    assert wrong.status_code == 422
    assert '<a href="#note-trust">主催者が信用できる：' in wrong.text
    assert 'value="not-met" checked' in wrong.text
    nothing = desk_pages.post(f"{case}/proposal", data={"decision": "refuse", "reasons": "<理由>"}, headers=examiner)
    assert nothing.status_code == 422
    assert '<a href="#criteria">' in nothing.text
    assert "&lt;理由&gt;</textarea>" in nothing.text
    early = desk_pages.post(f"{case}/pass", data={}, headers=examiner)
    assert (early.status_code, "この段階の作業が終わっていません" in early.text) == (409, True)


def test_a_case_is_sent_back_with_the_reason(counter_pages: TestClient, desk_pages: TestClient, case: str, clean: Site) -> None:
    examiner = sign_in(counter_pages, clean, EXAMINER)
    desk_pages.post(f"{case}/criteria", data=judged(), headers=examiner)
    desk_pages.post(f"{case}/proposal", data={"decision": "approve"}, headers=examiner)
    desk_pages.post(f"{case}/pass", data={}, headers=examiner)
    head = sign_in(counter_pages, clean, HEAD)
    assert desk_pages.post(f"{case}/return", data={"to": "examination", "note": ""}, headers=head).status_code == 422
    sent = desk_pages.post(f"{case}/return", data={"to": "examination", "note": "条件を付けること"}, headers=head)
    assert sent.status_code == 303
    page = desk_pages.get(case, headers=head).text
    assert "条件を付けること" in page
    assert '<li aria-current="step" class="step-now">審査' in page
