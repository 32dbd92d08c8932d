"""Signing in by a mailed link: once, in time, on this site, and without telling anybody who has an account."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from shared.web.callers import COOKIE
from shared.web.cookies import local
from tests.site import Site
from tests.web.conftest import ADDRESS, ask_for_link

APPLICANT = "applicant@example.com"


def test_a_link_signs_in_once(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT)
    answer = counter_pages.post("/sign-in/link", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "窓口 花子" in counter_pages.get("/applications").text
    counter_pages.cookies.clear()
    again = counter_pages.post("/sign-in/link", data=form)
    assert again.status_code == 403
    assert "このリンクは使えません" in again.text
    assert COOKIE not in again.headers.get("set-cookie", "")


def test_the_cookie_is_for_this_host_over_tls_and_for_no_script(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    answer = counter_pages.post("/sign-in/link", data=ask_for_link(counter_pages, clean, APPLICANT))
    (cookie,) = (one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{COOKIE}="))
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} == parts
    assert COOKIE.startswith("__Host-")


def test_opening_the_link_uses_nothing_up_and_is_kept_by_nobody(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT)
    for _ in range(3):  # scanners of mails
        page = counter_pages.get("/sign-in/link", params=form)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert clean.value("select used_at from identity.sign_in_link") is None
    assert counter_pages.post("/sign-in/link", data=form).status_code == 303


def test_the_mail_is_announced_without_the_secret(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT)
    (event,) = clean.rows("select source, subject, sequence, data from bus.event where type = 'sign-in.requested.v1'")
    assert (event["source"], event["subject"], event["sequence"]) == ("identity", form["link"], 1)
    assert form["secret"] not in str(event["data"])
    clean.deliver_all()
    assert clean.value("select recipient from notify.message where template = 'sign-in'") == APPLICANT


def test_an_unknown_address_gets_the_same_answer(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    known = counter_pages.post("/sign-in", data={"email": APPLICANT})
    unknown = counter_pages.post("/sign-in", data={"email": "somebody@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text.replace("somebody@example.com", APPLICANT)
    assert clean.value("select count(*) from identity.sign_in_link") == 1


@pytest.mark.parametrize("secret", ["", "0" * 64, "é"])
def test_a_wrong_secret_does_not_sign_in(counter_pages: TestClient, clean: Site, secret: str) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT) | {"secret": secret}
    assert counter_pages.post("/sign-in/link", data=form).status_code == 403
    assert clean.value("select count(*) from identity.session") == 0


def test_a_link_that_is_too_old_does_not_sign_in(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT)
    clean.run("update identity.sign_in_link set expires_at = now() - interval '1 second'")
    assert counter_pages.post("/sign-in/link", data=form).status_code == 403


def test_a_link_of_an_account_that_was_closed_meanwhile_does_not_sign_in(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    form = ask_for_link(counter_pages, clean, APPLICANT)
    clean.run("update identity.account set disabled_at = now()")
    assert counter_pages.post("/sign-in/link", data=form).status_code == 403


def test_an_incomplete_link_does_not_sign_in(counter_pages: TestClient) -> None:
    assert counter_pages.post("/sign-in/link", data={"link": "12", "secret": "34"}).status_code == 403


def test_each_role_arrives_at_its_own_pages(counter_pages: TestClient, clean: Site) -> None:
    clean.a_reviewer("kinki-bureau", email="official@example.go.jp")
    clean.an_operator()
    for email, home in (("official@example.go.jp", "/desk"), ("operator@example.go.jp", "/console")):
        answer = counter_pages.post("/sign-in/link", data=ask_for_link(counter_pages, clean, email))
        assert answer.headers["location"] == home


def test_signing_in_leads_back_to_the_page_that_asked_for_it(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    asked = counter_pages.get("/applications?before=0199")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fapplications%3Fbefore%3D0199")
    counter_pages.post("/sign-in", data={"email": APPLICANT, "next": "/applications"})
    form = ask_for_link(counter_pages, clean, APPLICANT)
    assert counter_pages.post("/sign-in/link", data=form).headers["location"] == "/applications"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "/ /evil",
        "",
        "desk",
        "/\t/evil.example",
    ],
)
def test_signing_in_leads_to_no_other_site(address: str) -> None:
    assert local(address) == ""


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "a\0b@example.jp", "a b@example.jp", "a@example.jp\nb", "x" * 250 + "@example.jp"]
)
def test_what_cannot_be_an_address_is_refused(counter_pages: TestClient, email: str) -> None:
    assert counter_pages.post("/sign-in", data={"email": email}).status_code == 422


def test_a_text_that_is_no_address_is_said_beside_the_field(counter_pages: TestClient) -> None:
    page = counter_pages.post("/sign-in", data={"email": "<b>nobody</b>"})
    assert page.status_code == 422
    assert 'aria-invalid="true" aria-describedby="email-error"' in page.text
    assert "&lt;b&gt;nobody&lt;/b&gt;" in page.text


def test_signing_out_ends_the_session_at_once(counter_pages: TestClient, clean: Site) -> None:
    clean.an_applicant(APPLICANT)
    counter_pages.post("/sign-in/link", data=ask_for_link(counter_pages, clean, APPLICANT))
    cookie = counter_pages.cookies[COOKIE]
    assert counter_pages.post("/sign-out").status_code == 303
    assert COOKIE not in counter_pages.cookies
    assert clean.value("select count(*) from identity.session") == 0
    assert counter_pages.get("/applications", headers={"cookie": f"{COOKIE}={cookie}"}).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/link", "/sign-out"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": ADDRESS, "sec-fetch-site": "cross-site"},
        {"origin": ADDRESS, "sec-fetch-site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(counter_pages: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = counter_pages.post(path, data={"email": APPLICANT}, headers=headers)
    assert answer.status_code == 403
    assert "別のサイト" in answer.text
