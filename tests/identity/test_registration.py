"""Registering an organisation by a mailed link: once, without telling anybody who has an account, unverified until looked at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.intake.app import create_app
from shared.web.callers import COOKIE
from tests.identity.test_sessions import signed_in
from tests.site import DENKI, Site, bearer, example
from tests.web.conftest import Open, counter_pages, desk_pages, open_pages, secret_of

__all__ = ["counter_pages", "desk_pages", "open_pages"]  # fixtures
NEW = "new@example.com"
NUMBER = "5010401067252"


def link_for(browser: TestClient, site: Site, email: str = NEW) -> dict[str, str]:
    """Ask for a link: what the form behind it sends."""
    assert browser.post("/register", data={"email": email}).status_code == 200
    link = site.value("select id from identity.registration order by created_at desc limit 1")
    filled = {"organisation": "合同会社はじめて", "kind": "corporation", "corporate_number": NUMBER, "name": "初 登録"}
    return {"link": str(link), "secret": secret_of(link), **filled}


def test_who_registers_owns_an_organisation_that_is_not_verified(counter_pages: TestClient, clean: Site) -> None:
    form = link_for(counter_pages, clean)
    page = counter_pages.get("/register/link", params=form)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    answer = counter_pages.post("/register/link", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisation?registered=1")
    assert "組織を登録しました" in counter_pages.get(answer.headers["location"]).text
    (row,) = clean.rows("""select a.email, a.name, a.rights, o.name as organisation, o.kind, o.corporate_number, o.claimed_number,
        o.verified from identity.account a join identity.organisation o on o.id = a.organisation_id""")
    assert row == {
        "email": NEW, "name": "初 登録", "rights": "owner", "organisation": "合同会社はじめて", "kind": "corporation",
        "corporate_number": None, "claimed_number": NUMBER, "verified": False,
    }  # fmt: skip
    assert "未確認" in counter_pages.get("/").text


def test_the_official_sees_that_nobody_checked_who_it_is(
    counter_pages: TestClient, desk_pages: TestClient, counter: TestClient, clean: Site
) -> None:
    counter_pages.post("/register/link", data=link_for(counter_pages, clean))
    made = counter_pages.post("/organisation/keys", data={"label": "x", "rights": "file"})
    key = made.text.split("<pre><code>")[1].split("<")[0]
    answer = counter.post("/v1/applications", json=example(DENKI), headers=bearer(key))
    assert answer.status_code == 202, answer.text
    clean.deliver_all()
    official = clean.a_reviewer("kinki-bureau")
    case = clean.value('select id from review."case"')
    page = desk_pages.get(f"/desk/cases/{case}", headers={**bearer(official), "accept": "text/html"})
    assert "未確認" in page.text
    mine = counter_pages.get(f"/applications/{answer.json()['id']}")
    assert "未確認" in mine.text.split("<main")[1]


def test_an_address_with_an_account_gets_the_same_answer_and_a_link_to_sign_in(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant()
    known = counter_pages.post("/register", data={"email": "Applicant@example.com"})
    unknown = counter_pages.post("/register", data={"email": NEW})
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("Applicant@example.com", NEW) == unknown.text
    clean.deliver_all()
    told = clean.rows("select recipient, template from notify.message order by 1")
    assert told == [
        {"recipient": "applicant@example.com", "template": "sign-in"},
        {"recipient": NEW, "template": "register"},
    ]
    assert clean.value("select count(*) from identity.registration") == 1


def test_a_second_registration_with_the_address_makes_no_second_organisation(
    counter_pages: TestClient, open_pages: Open, clean: Site
) -> None:
    first, second = link_for(counter_pages, clean), link_for(counter_pages, clean)
    assert counter_pages.post("/register/link", data=first).status_code == 303
    other = open_pages(create_app)
    assert other.get("/register/link", params=second).status_code == 410
    assert other.post("/register/link", data=second).status_code == 410
    assert other.post("/register/link", data=first).status_code == 410
    assert clean.value("select count(*) from identity.organisation") == 1
    assert COOKIE not in other.cookies


def test_of_many_who_use_a_link_at_once_one_registers(counter_pages: TestClient, open_pages: Open, clean: Site) -> None:
    form = link_for(counter_pages, clean)
    browsers = [open_pages(create_app) for _ in range(3)]
    for one in browsers:  # FastAPI makes its routes at the first request, one thread at a time
        one.get("/register")
    with ThreadPoolExecutor(3) as hands:
        codes = sorted(hands.map(lambda one: one.post("/register/link", data=form).status_code, browsers))
    assert codes == [303, 410, 410]
    assert clean.value("select count(*) from identity.organisation") == 1


@pytest.mark.parametrize("wrong", [{"secret": "0" * 64}, {"link": "x"}, {"secret": ""}, {"link": ""}])
def test_a_wrong_link_registers_nobody(counter_pages: TestClient, clean: Site, wrong: dict[str, str]) -> None:
    form = link_for(counter_pages, clean) | wrong
    assert counter_pages.post("/register/link", data=form).status_code == 410
    assert clean.value("select count(*) from identity.account") == 0


def test_a_link_that_is_too_old_registers_nobody(counter_pages: TestClient, clean: Site) -> None:
    form = link_for(counter_pages, clean)
    clean.run("update identity.registration set expires_at = now() - interval '1 second'")
    assert counter_pages.post("/register/link", data=form).status_code == 410


@pytest.mark.parametrize(
    "wrong",
    [
        {"organisation": "甲\u202e省土国"},
        {"name": "a\u2066b"},
        {"organisation": ""},
        {"organisation": "x" * 101},
        {"organisation": "当選 https://evil.example"},
        {"name": " "},
        {"name": "a\0b"},
        {"kind": "ministry"},
        {"kind": ""},
        {"corporate_number": "5010401067253"},
        {"corporate_number": "٥010401067252"},
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_the_link_stays(
    counter_pages: TestClient, clean: Site, wrong: dict[str, Any]
) -> None:
    form = link_for(counter_pages, clean)
    page = counter_pages.post("/register/link", data=form | wrong)
    assert page.status_code == 422
    assert f'id="{next(iter(wrong))}-error"' in page.text
    assert clean.value("select count(*) from identity.account") == 0
    assert counter_pages.post("/register/link", data=form).status_code == 303


def test_an_address_gets_three_links_an_hour_and_a_browser_few_at_once(counter_pages: TestClient, clean: Site) -> None:
    codes = [counter_pages.post("/register", data={"email": NEW}).status_code for _ in range(8)]
    assert codes[:5] == [200] * 5
    assert 429 in codes
    assert clean.value("select count(*) from identity.registration") == 3


def test_a_claimed_number_leads_to_nobodys_organisation(counter_pages: TestClient, open_pages: Open, clean: Site) -> None:
    clean.an_applicant()
    clean.run("update identity.organisation set corporate_number = :n", n=NUMBER)
    assert counter_pages.post("/register/link", data=link_for(counter_pages, clean)).status_code == 303
    assert clean.value("select count(*) from identity.organisation") == 2
    owner = signed_in(open_pages, clean)
    assert NEW not in owner.get("/organisation").text


def test_registering_leads_on_to_the_page_that_asked_for_it(counter_pages: TestClient, clean: Site) -> None:
    counter_pages.post("/register", data={"email": NEW, "next": "/organisation/mandates"})
    form = link_for(counter_pages, clean)
    assert counter_pages.post("/register/link", data=form).headers["location"] == "/organisation/mandates"
