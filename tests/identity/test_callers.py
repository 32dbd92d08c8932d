"""Who is calling: keys that can be ended, links that work once, sessions that expire. Only hashes are kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from shared.identity import accounts, callers
from shared.identity.callers import Caller, Callers, end_session, hashed, link_secret, redeem_link, request_link
from shared.problems import Conflict, Invalid, NotFound
from tests.site import Site

HOUSE_KEY = SecretStr("k" * 32)


def by_key(site: Site, key: str, service: str = "intake") -> Caller | None:
    with site.session(service) as session:
        return Callers().by_key(session, key)


def by_cookie(site: Site, cookie: str) -> Caller | None:
    with site.session("review") as session:
        return Callers().by_cookie(session, cookie)


def a_link(site: Site, email: str = "applicant@example.com", *roles: callers.Role) -> UUID | None:
    with site.session("intake") as session:
        requested = request_link(session, email, roles or ("applicant",))
        session.commit()
    return requested.link_id if requested else None


def redeem(site: Site, link_id: UUID, secret: str | None = None) -> str | None:
    with site.session("intake") as session:
        cookie = redeem_link(session, HOUSE_KEY, link_id, secret if secret is not None else link_secret(HOUSE_KEY, link_id))
        session.commit()
    return cookie


@pytest.mark.parametrize("service", ["intake", "review", "notify", "opendata", "operator"])
def test_every_service_learns_whose_key_it_is(clean: Site, service: str) -> None:
    caller = by_key(clean, clean.an_applicant(), service)
    assert caller is not None
    assert (caller.role, caller.email, caller.organisation_name) == ("applicant", "applicant@example.com", "株式会社窓口電機")


@pytest.mark.parametrize("role", ["review", "notify", "opendata", "operator"])
def test_no_role_but_the_counters_opens_a_session_for_somebody(clean: Site, role: str) -> None:
    clean.an_operator()
    with clean.session(role) as session, pytest.raises(ProgrammingError, match="permission denied"):
        request_link(session, "operator@example.go.jp", ("operator",))
    with clean.session(role) as session, pytest.raises(ProgrammingError, match="permission denied"):
        redeem_link(session, HOUSE_KEY, (link := uuid4()), link_secret(HOUSE_KEY, link))


def test_of_a_key_only_a_hash_is_kept(clean: Site) -> None:
    key = clean.an_applicant()
    (row,) = clean.rows("select * from identity.api_key")
    assert key not in str(row)
    assert bytes(row["hash"]) == hashed(key)


ENDED: list[tuple[str, Callable[[Site], None]]] = [
    ("revoked", lambda site: site.revoke("applicant@example.com")),
    ("disabled", lambda site: site.run("update identity.account set disabled_at = now()")),
    ("of another role", lambda site: site.run("update identity.api_key set scope = 'operator'")),
]


@pytest.mark.parametrize(("how", "end"), ENDED)
def test_a_key_whose_time_is_over_is_nobodys(clean: Site, how: str, end: Callable[[Site], None]) -> None:
    key = clean.an_applicant()
    assert by_key(clean, key), how
    end(clean)
    assert by_key(clean, key) is None


def test_a_caller_is_remembered_for_seconds_only(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callers.REMEMBER <= 5
    known = Callers()
    key = clean.an_applicant()
    with clean.session("intake") as session:
        assert known.remembered(key) is None
        known.by_key(session, key)
        session.commit()  # it notes that the key is used
        assert known.remembered(key) is not None
        clean.revoke("applicant@example.com")
        known.forget(key)
        assert known.remembered(key) is known.by_key(session, key) is None
        monkeypatch.setattr(callers, "REMEMBER", 0)
        known.by_key(session, clean.an_operator())
        assert known.remembered(key) is None


def test_in_a_rush_one_asks_and_the_others_go_on(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "REMEMBER", 0)
    known = Callers()
    key = clean.an_applicant()
    with clean.session("intake") as session:
        assert known.at_hand(key) is None
        held = known.by_key(session, key)
        session.commit()  # it notes that the key is used
        assert [known.at_hand(key) for _ in range(3)] == [None, held, held]
        assert known.remembered(key) is None, "who asks does not believe what is too old"
        clean.revoke("applicant@example.com")
        assert known.by_key(session, key) is known.at_hand(key) is None


def test_a_stranger_is_not_remembered(clean: Site) -> None:
    known = Callers()
    with clean.session("intake") as session:
        for _ in range(3):
            assert known.by_key(session, "mdg_wrong") is None
    assert known._known == {}


def test_a_link_signs_in_once_and_the_session_is_the_accounts(clean: Site) -> None:
    clean.an_applicant()
    link_id = a_link(clean, " Applicant@Example.com ")
    assert link_id is not None
    cookie = redeem(clean, link_id)
    assert cookie is not None
    caller = by_cookie(clean, cookie)
    assert caller is not None
    assert caller.email == "applicant@example.com"
    assert redeem(clean, link_id) is None
    assert cookie not in str(clean.rows("select * from identity.session"))
    assert by_key(clean, cookie) is None


def test_of_two_who_open_the_same_link_at_once_one_gets_in(clean: Site) -> None:
    clean.an_applicant()
    link_id = a_link(clean)
    assert link_id is not None
    with ThreadPoolExecutor(8) as browsers:
        cookies = list(browsers.map(lambda _: redeem(clean, link_id), range(8)))
    assert sum(cookie is not None for cookie in cookies) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "é" * 64, "\0", "0" * 64])
def test_a_wrong_secret_opens_nothing_and_does_not_use_the_link_up(clean: Site, secret: str) -> None:
    clean.an_applicant()
    link_id = a_link(clean)
    assert link_id is not None
    assert redeem(clean, link_id, secret) is None
    assert redeem(clean, link_id) is not None


def test_the_secret_of_one_link_or_house_does_not_open_another(clean: Site) -> None:
    clean.an_applicant()
    first, second = a_link(clean), a_link(clean)
    assert first is not None
    assert second is not None
    assert redeem(clean, second, link_secret(HOUSE_KEY, first)) is None
    assert redeem(clean, second, link_secret(SecretStr("other" * 8), second)) is None
    assert redeem(clean, uuid4()) is None


def test_an_expired_link_opens_nothing(clean: Site) -> None:
    clean.an_applicant()
    link_id = a_link(clean)
    assert link_id is not None
    clean.run("update identity.sign_in_link set expires_at = now() - interval '1 second'")
    assert redeem(clean, link_id) is None


@pytest.mark.parametrize("email", ["stranger@example.com", "", "applicant@example.com\0", "applicant@example.com' or 1=1"])
def test_a_link_for_an_unknown_address_is_not_made(clean: Site, email: str) -> None:
    clean.an_applicant()
    assert a_link(clean, email) is None
    assert clean.rows("select * from identity.sign_in_link") == []


def test_a_link_is_made_for_the_role_that_the_page_is_for(clean: Site) -> None:
    clean.an_applicant()
    clean.a_reviewer("kinki-bureau")
    assert a_link(clean, "applicant@example.com", "reviewer", "operator") is None
    assert a_link(clean, "official@example.go.jp", "reviewer", "operator") is not None


def test_an_account_gets_at_most_five_links_an_hour(clean: Site) -> None:
    clean.an_applicant()
    with ThreadPoolExecutor(8) as impatient:
        links = list(impatient.map(lambda _: a_link(clean), range(8)))
    assert sum(link is not None for link in links) == 5
    clean.run("update identity.sign_in_link set created_at = now() - interval '61 minutes'")
    assert a_link(clean) is not None


def test_no_service_can_make_a_link_or_a_session_that_lasts(clean: Site) -> None:
    clean.an_applicant()
    forever = datetime.now(UTC) + timedelta(days=1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callers, "LINK_LIFE", timedelta(days=1000))
        patch.setattr(callers, "SESSION_LIFE", timedelta(days=1000))
        link_id = a_link(clean)
        assert link_id is not None
        assert redeem(clean, link_id) is not None
    assert clean.value("select max(expires_at) from identity.sign_in_link") < datetime.now(UTC) + timedelta(hours=2) < forever
    assert clean.value("select max(expires_at) from identity.session") < datetime.now(UTC) + timedelta(days=2)


def test_a_session_ends_by_signing_out_by_time_and_with_its_account(clean: Site) -> None:
    clean.an_applicant()
    for end in (
        "delete from identity.session where false",
        "update identity.session set expires_at = now() - interval '1 second'",
        "update identity.account set disabled_at = now()",
    ):
        link_id = a_link(clean)
        assert link_id is not None
        cookie = redeem(clean, link_id)
        assert cookie is not None
        if "false" in end:
            with clean.session("intake") as session:
                end_session(session, cookie)
                session.commit()
        else:
            assert by_cookie(clean, cookie) is not None
            clean.run(end)
        assert by_cookie(clean, cookie) is None


def test_accounts_are_made_as_they_must_be(clean: Site) -> None:
    with Session(clean.operator) as session:
        organisation = accounts.add_organisation(session, "窓口", corporate_number="5010401067252")
        account = accounts.add_account(session, " New@Example.com", "新", "applicant", organisation=organisation)
        assert account.email == "new@example.com"
        with pytest.raises(Conflict):
            accounts.add_account(session, "NEW@example.com", "新", "operator")
        with pytest.raises(Invalid):
            accounts.add_account(session, "a@example.com", "x", "king")
        with pytest.raises(Invalid):
            accounts.add_account(session, "a@example.com", "x", "applicant")
        with pytest.raises(Invalid):
            accounts.add_account(session, "a@example.com", "x", "reviewer", organisation=organisation)
        with pytest.raises(Invalid):
            accounts.add_organisation(session, "x", corporate_number="5010401067253")
        with pytest.raises(NotFound):
            accounts.revoke_key(session, uuid4())


def test_a_key_is_ended_once(clean: Site) -> None:
    clean.an_applicant()
    (row,) = clean.rows("select id from identity.api_key")
    with Session(clean.operator) as session:
        accounts.revoke_key(session, row["id"])
        with pytest.raises(NotFound):
            accounts.revoke_key(session, row["id"])
