"""Signing in by OpenID Connect, against a certified provider; what an attacker tries is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.web.callers import COOKIE
from shared.web.provider_pages import ATTEMPT_COOKIE
from tests.identity.conftest import CALLBACK, Browser, RunningProvider
from tests.site import Site
from tests.web.conftest import ADDRESS, ask_for_link

pytestmark = pytest.mark.oidc
Browsers = Callable[[], Browser]

NUMBER = "1180301018771"
PRIME = {
    "account_type": "2", "corp_type": "1", "corporate_number": NUMBER, "name": "窓口自動車株式会社", "email": "prime@example.com",
    "user_last_nm": "窓口", "user_first_nm": "一郎", "user_tel_no_contact": "0312345678",
}  # fmt: skip


def organisations(site: Site) -> int:
    return int(site.value("select count(*) from identity.organisation"))


def test_a_first_sign_in_makes_account_and_organisation_and_leads_back(
    clean: Site, provider: RunningProvider, browsers: Browsers
) -> None:
    provider.next_is("p1", PRIME)
    answer = browsers().sign_in("/applications?before=0199")
    assert (answer.status_code, answer.headers["location"]) == (303, "/applications?before=0199")
    (row,) = clean.rows("select a.*, o.corporate_number, o.verified from identity.account a join identity.organisation o on true")
    assert (row["email"], row["name"], row["standing"]) == ("prime@example.com", "窓口 一郎", "prime")
    assert (row["corporate_number"], row["verified"]) == (NUMBER, True)
    assert row["profile"]["user_tel_no_contact"] == "0312345678"


def test_the_request_has_pkce_state_and_nonce(provider: RunningProvider, browsers: Browsers) -> None:
    query = parse_qs(urlsplit(browsers().begin()).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    assert all(len(query[name][0]) == 43 for name in ("code_challenge", "state", "nonce"))
    assert provider.issuer


def test_a_later_sign_in_finds_the_account_by_sub_and_renews_its_claims(
    clean: Site, provider: RunningProvider, browsers: Browsers
) -> None:
    provider.next_is("p1", PRIME)
    browsers().sign_in()
    provider.next_is("p1", PRIME | {"email": "moved@example.com", "user_last_nm": "受付"})
    assert browsers().sign_in().status_code == 303
    assert clean.rows("select name from identity.account") == [{"name": "受付 一郎"}]


def test_of_many_first_sign_ins_at_once_one_account_is_made(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    several = [browsers() for _ in range(4)]
    ways = [browser.at_provider(browser.begin()) for browser in several]
    with ThreadPoolExecutor(4) as hands:
        codes = list(hands.map(lambda pair: pair[0].here.get(pair[1]).status_code, zip(several, ways, strict=True)))
    assert codes == [303] * 4
    assert (clean.value("select count(*) from identity.account"), organisations(clean)) == (1, 1)


def test_a_member_joins_the_primes_organisation(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    browsers().sign_in()
    provider.next_is("m1", PRIME | {"account_type": "3", "parent_id": "p1", "email": "member@example.com"})
    assert browsers().sign_in().status_code == 303
    assert organisations(clean) == 1


def test_an_entry_account_that_claims_a_number_gets_into_nobodys_organisation(
    clean: Site, provider: RunningProvider, browsers: Browsers
) -> None:
    provider.next_is("p1", PRIME)
    browsers().sign_in()
    provider.next_is("e1", PRIME | {"account_type": "1", "email": "entry@example.com"})
    assert browsers().sign_in().status_code == 303
    (claiming,) = clean.rows("select * from identity.organisation where not verified")
    assert (claiming["corporate_number"], claiming["claimed_number"]) == (None, NUMBER)


def test_a_sole_proprietors_number_is_no_corporate_number(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("s1", PRIME | {"corp_type": "2", "corporate_number": "9999999999999"})
    assert browsers().sign_in().status_code == 303
    assert clean.rows("select kind, corporate_number from identity.organisation") == [
        {"kind": "sole-proprietor", "corporate_number": None}
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"corporate_number": "1180301018770"},
        {"corporate_number": ""},
        {"account_type": "9"},
        {"account_type": "3"},
        {"corp_type": ""},
        {"email": ""},
        {"name": "x" * 301},
    ],
)
def test_claims_that_cannot_be_are_refused(
    clean: Site, provider: RunningProvider, browsers: Browsers, wrong: dict[str, str]
) -> None:
    provider.next_is("p1", PRIME | wrong)
    assert browsers().sign_in().status_code == 403
    assert organisations(clean) == 0


def test_an_address_alone_opens_no_account(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    clean.an_applicant("prime@example.com")
    provider.next_is("p1", PRIME)
    answer = browsers().sign_in()
    assert answer.status_code == 409
    assert COOKIE not in answer.cookies
    assert clean.value("select count(*) from identity.federated") == 0


def test_who_is_signed_in_to_it_connects_his_account(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    clean.an_applicant("prime@example.com")
    clean.run("update identity.organisation set corporate_number = :number", number=NUMBER)
    browser = browsers()
    browser.here.post("/sign-in/link", data=ask_for_link(browser.here, clean, "prime@example.com"))
    provider.next_is("p1", PRIME)
    assert browser.sign_in().status_code == 303
    assert (clean.value("select count(*) from identity.account"), organisations(clean)) == (1, 1)


def test_another_browser_cannot_use_the_answer(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    """Login CSRF: the attacker's own code, sent to somebody else's browser."""
    provider.next_is("p1", PRIME)
    attacker, victim = browsers(), browsers()
    way = attacker.at_provider(attacker.begin())
    assert victim.here.get(way).status_code == 403
    victim.begin()
    assert victim.here.get(way).status_code == 403
    assert clean.value("select count(*) from identity.session") == 0


def test_an_answer_counts_once(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    browser = browsers()
    way = browser.at_provider(browser.begin())
    attempt = browser.here.cookies[ATTEMPT_COOKIE]
    assert browser.here.get(way).status_code == 303
    again = browsers().here.get(way, headers={"cookie": f"{ATTEMPT_COOKIE}={attempt}"})
    assert again.status_code == 403
    assert clean.value("select count(*) from identity.session") == 1


def test_a_code_of_another_sign_in_is_refused(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    """Code injection: PKCE and nonce tie the code to the browser that began."""
    provider.next_is("p1", PRIME)
    victim, attacker = browsers(), browsers()
    stolen = parse_qs(urlsplit(victim.at_provider(victim.begin())).query)
    own = parse_qs(urlsplit(attacker.at_provider(attacker.begin())).query)
    query = {"code": stolen["code"][0], "state": own["state"][0], "iss": own["iss"][0]}
    assert attacker.here.get("/sign-in/with/gbizid/callback", params=query).status_code == 403
    assert clean.value("select count(*) from identity.session") == 0


@pytest.mark.parametrize("issuer", ["https://evil.example", None])
def test_an_answer_of_another_provider_is_refused(
    clean: Site, provider: RunningProvider, browsers: Browsers, issuer: str | None
) -> None:
    provider.next_is("p1", PRIME)
    browser = browsers()
    own = parse_qs(urlsplit(browser.at_provider(browser.begin())).query)
    query = {"code": own["code"][0], "state": own["state"][0]} | ({"iss": issuer} if issuer else {})
    assert browser.here.get("/sign-in/with/gbizid/callback", params=query).status_code == 403
    assert clean.value("select count(*) from identity.session") == 0


def test_an_attempt_that_is_too_old_is_refused(
    provider: RunningProvider, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from shared.identity import oidc

    monkeypatch.setattr(oidc, "ATTEMPT_LIFE", timedelta(seconds=-1))
    provider.next_is("p1", PRIME)
    assert browsers().sign_in().status_code == 403


@pytest.mark.parametrize("goal", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_to_no_other_site(provider: RunningProvider, browsers: Browsers, goal: str) -> None:
    provider.next_is("p1", PRIME)
    assert browsers().sign_in(goal).headers["location"] == "/"


def test_who_is_refused_there_is_not_signed_in_here(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME, refuse=True)
    assert browsers().sign_in().status_code == 403
    assert organisations(clean) == 0


def test_signing_in_gives_a_new_session_and_ends_the_old(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    browser = browsers()
    browser.here.cookies.set(COOKIE, "planted-by-somebody", domain="testserver.local", path="/")
    browser.sign_in()
    first = browser.here.cookies[COOKIE]
    assert first != "planted-by-somebody"
    browser.sign_in()
    assert browser.here.cookies[COOKIE] != first
    assert clean.value("select count(*) from identity.session") == 1


def test_a_provider_that_is_down_is_said_and_new_keys_are_learned(
    clean: Site, provider: RunningProvider, browsers: Browsers
) -> None:
    provider.next_is("p1", PRIME)
    known, fresh = browsers(), browsers()
    assert known.sign_in().status_code == 303
    provider.stop()
    try:
        away = fresh.here.get("/sign-in/with/gbizid")
        assert (away.status_code, away.headers["retry-after"]) == (503, "30")
    finally:
        provider.start()
    for client in known.here.app.state.oidc_clients.values():  # type: ignore[attr-defined] # FastAPI's state
        client._keys_at = float("-inf")  # as if it had looked long ago
    assert known.sign_in().status_code == 303
    assert clean.value("select count(*) from identity.account") == 1


def test_signing_out_offers_the_providers_own_sign_out(provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    browser = browsers()
    browser.sign_in()
    page = browser.here.post("/sign-out")
    assert f"{provider.issuer}/session/end?client_id=madoguchi" in page.text
    assert browser.here.get("/applications").status_code == 303


def test_the_providers_sign_out_ends_its_session_and_leads_back(provider: RunningProvider, browsers: Browsers) -> None:
    """RP-Initiated Logout 1.0, in one browser from the sign-in to the provider's question and back."""
    provider.next_is("p1", PRIME)
    browser = browsers()
    with closing(httpx.Client()) as there:

        def signs_in() -> list[str]:
            """The provider's addresses on the way; the last leads back here."""
            address, way = browser.begin(), []
            while not address.startswith(CALLBACK):
                way.append(urlsplit(address).path)
                address = str(httpx.URL(provider.issuer).join(there.get(address).headers["location"]))
            browser.here.get(address.removeprefix(ADDRESS))
            return way

        assert any(path.startswith("/answer/") for path in signs_in())
        assert not any(path.startswith("/answer/") for path in signs_in()), "it knows the browser still"
        page = browser.here.post("/sign-out").text
        address = unescape(re.findall(rf'href="({provider.issuer}/session/end[^"]+)"', page)[0])
        question = there.get(address)
        assert question.status_code == 200, question.text
        action = re.findall(r'action="([^"]+)"', question.text)[0]
        secret = re.findall(r'name="xsrf" value="([^"]+)"', question.text)[0]
        answer = there.post(action, data={"xsrf": secret, "logout": "yes"})
        assert answer.headers["location"] == f"{ADDRESS}/"
        assert any(path.startswith("/answer/") for path in signs_in()), "it asks again"


def test_the_secret_and_the_claims_are_in_no_event(clean: Site, provider: RunningProvider, browsers: Browsers) -> None:
    provider.next_is("p1", PRIME)
    browsers().sign_in()
    assert "prime@example.com" not in str(clean.rows("select data from bus.event"))
