"""Browser sessions: they end when nobody uses them, and their owner sees and ends them, nobody else."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from services.intake.app import create_app
from shared.identity.callers import hashed
from shared.web.callers import COOKIE
from tests.site import Site
from tests.web.conftest import Open, ask_for_link, counter_pages, open_pages

__all__ = ["counter_pages", "open_pages"]  # fixtures


def signed_in(open_pages: Open, site: Site, email: str = "applicant@example.com") -> TestClient:
    browser = open_pages(create_app)
    assert browser.post("/sign-in/link", data=ask_for_link(browser, site, email)).status_code == 303
    return browser


def id_of(browser: TestClient) -> str:
    return hashed(browser.cookies[COOKIE]).hex()


def forget(browser: TestClient) -> None:
    browser.app.state.callers.forget_all()  # type: ignore[attr-defined] # FastAPI's state


@pytest.mark.parametrize(("column", "ago"), [("seen_at", "61 minutes"), ("expires_at", "1 second")])
def test_a_session_ends_without_use_and_after_its_time(clean: Site, open_pages: Open, column: str, ago: str) -> None:
    clean.an_applicant()
    browser = signed_in(open_pages, clean)
    assert browser.get("/applications").status_code == 200
    clean.run(f"update identity.session set {column} = now() - interval '{ago}'")
    forget(browser)
    assert browser.get("/applications").status_code == 303


def test_using_a_session_keeps_it(clean: Site, open_pages: Open) -> None:
    clean.an_applicant()
    browser = signed_in(open_pages, clean)
    clean.run("update identity.session set seen_at = now() - interval '50 minutes'")
    forget(browser)
    assert browser.get("/applications").status_code == 200
    assert clean.value("select now() - seen_at < interval '1 minute' from identity.session")


def test_one_sees_ones_sessions_and_ends_another(clean: Site, open_pages: Open) -> None:
    clean.an_applicant()
    here, there = signed_in(open_pages, clean), signed_in(open_pages, clean)
    page = here.get("/sign-in/sessions").text
    assert id_of(there) in page
    assert id_of(here) not in page  # it is ended by signing out
    assert here.post("/sign-in/sessions", data={"ended": id_of(there)}).status_code == 303
    forget(there)
    assert there.get("/applications").status_code == 303
    assert here.get("/applications").status_code == 200


def test_nobody_sees_or_ends_anothers_session(clean: Site, open_pages: Open) -> None:
    clean.an_applicant()
    clean.an_applicant("other@example.com", name="別の会社")
    mine, theirs = signed_in(open_pages, clean), signed_in(open_pages, clean, "other@example.com")
    assert id_of(theirs) not in mine.get("/sign-in/sessions").text
    assert mine.post("/sign-in/sessions", data={"ended": id_of(theirs)}).status_code == 404
    assert theirs.get("/applications").status_code == 200


@pytest.mark.parametrize("ended", ["", "zz", "00", "é", "0" * 64, "0" * 5000])
def test_what_names_no_session_ends_none(clean: Site, open_pages: Open, ended: str) -> None:
    clean.an_applicant()
    assert signed_in(open_pages, clean).post("/sign-in/sessions", data={"ended": ended}).status_code == 404


def test_the_id_that_the_page_shows_opens_nothing(clean: Site, open_pages: Open) -> None:
    clean.an_applicant()
    browser = signed_in(open_pages, clean)
    stranger = open_pages(create_app)
    assert stranger.get("/applications", headers={"cookie": f"{COOKIE}={id_of(browser)}"}).status_code == 303


def test_signing_in_again_ends_the_browsers_session_before(clean: Site, open_pages: Open) -> None:
    clean.an_applicant()
    browser = signed_in(open_pages, clean)
    before = browser.cookies[COOKIE]
    browser.post("/sign-in/link", data=ask_for_link(browser, clean, "applicant@example.com"))
    assert browser.cookies[COOKIE] != before
    assert clean.value("select count(*) from identity.session") == 1
