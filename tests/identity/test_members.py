"""An organisation's owners see, invite, change and remove its members and keys; nobody else does, and one owner stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from services.intake.app import create_app
from shared.identity import accounts, members
from shared.identity.callers import Callers, Rights, hashed
from shared.identity.tables import Organisation
from shared.problems import Conflict, Forbidden, Problem
from shared.web.callers import COOKIE
from tests.identity.test_sessions import signed_in
from tests.intake.parts import file
from tests.site import DENKI, Site, bearer, example
from tests.web.conftest import Open, counter_pages, open_pages, secret_of

__all__ = ["counter_pages", "open_pages"]  # fixtures
HERE = "/v1/organisation"
NEW = "new@example.com"


@pytest.fixture
def owner(clean: Site) -> str:
    return clean.an_applicant()


def a_member(site: Site, rights: Rights = "file", email: str = "member@example.com") -> str:
    """A key of a new member of the organisation."""
    with Session(site.operator) as session:
        organisation = session.exec(select(Organisation).where(Organisation.name == "株式会社窓口電機")).one()
        account = accounts.add_account(session, email, "同僚 太郎", "applicant", organisation=organisation, rights=rights)
        key = accounts.issue_key(session, account)
        session.commit()
        return key


def forget(counter: TestClient) -> None:
    counter.app.state.callers.forget_all()  # type: ignore[attr-defined] # FastAPI's state


def invited(counter: TestClient, site: Site, owner: str, email: str = NEW, rights: str = "file") -> dict[str, str]:
    """Invite somebody; what the form behind the mailed link sends."""
    answer = counter.post(f"{HERE}/invitations", json={"email": email, "rights": rights}, headers=bearer(owner))
    assert answer.status_code == 201, answer.text
    link = site.value("select id from identity.invitation order by created_at desc limit 1")
    return {"link": str(link), "secret": secret_of(link), "name": "新人 一子"}


def test_an_organisations_first_account_owns_it_and_the_next_files(clean: Site, counter: TestClient, owner: str) -> None:
    clean.account("applicant@example.com")
    key = a_member(clean)
    assert counter.get(HERE, headers=bearer(owner)).json()["rights"] == "owner"
    assert counter.get(HERE, headers=bearer(key)).json()["rights"] == "file"
    assert [one["rights"] for one in counter.get(f"{HERE}/members", headers=bearer(owner)).json()] == ["owner", "file"]


@pytest.mark.parametrize("rights", ["file", "read"])
def test_only_an_owner_sees_or_changes_anything(clean: Site, counter: TestClient, owner: str, rights: Rights) -> None:
    key = a_member(clean, rights)
    me = clean.account("member@example.com").id
    for path in ("members", "invitations", "keys"):
        assert counter.get(f"{HERE}/{path}", headers=bearer(key)).status_code == 403
    tries: list[tuple[str, str, Any]] = [
        ("POST", "invitations", {"email": NEW, "rights": "read"}),
        ("PATCH", f"members/{me}", {"rights": "owner"}),
        ("DELETE", f"members/{clean.account('applicant@example.com').id}", None),
        ("POST", "keys", {"label": "x"}),
        ("DELETE", f"keys/{clean.value('select id from identity.api_key limit 1')}", None),
        ("DELETE", f"invitations/{uuid4()}", None),
    ]
    for method, path, body in tries:
        answer = counter.request(method, f"{HERE}/{path}", json=body, headers=bearer(key))
        assert answer.status_code == 403, (method, path, answer.text)
    assert clean.value("select count(*) from identity.invitation") == 0
    assert owner


def test_the_database_itself_refuses_who_does_not_own(clean: Site, owner: str) -> None:
    key = a_member(clean)
    with clean.session("intake") as session:
        me = clean.account("member@example.com").id
        for proof in (hashed(key), hashed(""), b""):
            with pytest.raises(Forbidden):
                members.change_rights(session, proof, me, "owner")
            assert session.connection().exec_driver_sql("select * from identity.members(%s)", (proof,)).all() == []
    assert owner


def test_an_owner_of_another_organisation_reaches_nobody_here(clean: Site, counter: TestClient, owner: str) -> None:
    other = clean.an_applicant("other@example.com", name="別の会社")
    member = clean.account("applicant@example.com").id
    key = clean.value("select id from identity.api_key where account_id = :id", id=member)
    assert counter.patch(f"{HERE}/members/{member}", json={"rights": "read"}, headers=bearer(other)).status_code == 404
    assert counter.delete(f"{HERE}/members/{member}", headers=bearer(other)).status_code == 404
    assert counter.delete(f"{HERE}/keys/{key}", headers=bearer(other)).status_code == 404
    assert [one["email"] for one in counter.get(f"{HERE}/members", headers=bearer(other)).json()] == ["other@example.com"]
    assert owner


def test_who_may_only_read_sees_and_changes_nothing(clean: Site, counter: TestClient, owner: str) -> None:
    application = file(counter, owner, example(DENKI)).json()["id"]
    draft = counter.post("/v1/drafts", json={"procedure": DENKI}, headers=bearer(owner)).json()
    reader = a_member(clean, "read")
    assert counter.get(f"/v1/applications/{application}", headers=bearer(reader)).status_code == 200
    assert counter.get(f"/v1/drafts/{draft['id']}", headers=bearer(reader)).status_code == 200
    version = {"version": draft["version"]}
    for method, path, body in (
        ("POST", "/v1/applications", example(DENKI)),
        ("POST", "/v1/applications/check", example(DENKI)),
        ("POST", f"/v1/applications/{application}/withdrawal", {}),
        ("POST", "/v1/drafts", {"procedure": DENKI}),
        ("POST", "/v1/drafts", {"copy_of": application}),
        ("PATCH", f"/v1/drafts/{draft['id']}", {**version, "answers": {}}),
        ("DELETE", f"/v1/drafts/{draft['id']}", None),
        ("POST", f"/v1/drafts/{draft['id']}/filing", version),
    ):
        answer = counter.request(method, path, json=body, headers=bearer(reader))
        assert answer.status_code in {403, 422} if "filing" in path else answer.status_code == 403, (method, path, answer.text)
    assert clean.value("select count(*) from intake.application") == 1
    assert clean.value("select version from intake.draft") == draft["version"]


def test_an_invitation_lets_in_once_and_only_with_its_rights(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str
) -> None:
    form = invited(counter, clean, owner, rights="read")
    assert "株式会社窓口電機" in counter_pages.get("/register/invitation", params=form).text
    answer = counter_pages.post("/register/invitation", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisation")
    assert "新人 一子" in counter_pages.get("/organisation").text
    account = clean.account(NEW)
    assert (account.rights, account.organisation_id) == ("read", clean.account("applicant@example.com").organisation_id)
    counter_pages.cookies.clear()
    assert counter_pages.post("/register/invitation", data=form).status_code == 410
    assert clean.value("select count(*) from identity.session") == 1


def test_the_mail_says_who_invites_and_the_secret_is_in_no_table(clean: Site, counter: TestClient, owner: str) -> None:
    form = invited(counter, clean, owner)
    clean.deliver_all()
    (mail,) = clean.rows("select recipient, template, filling from notify.message")
    assert (mail["recipient"], mail["template"]) == (NEW, "invitation")
    assert "窓口 花子" in str(mail["filling"])
    assert form["secret"] not in str(mail["filling"]) + str(clean.rows("select data from bus.event"))


def test_of_two_who_use_an_invitation_at_once_one_gets_in(clean: Site, counter: TestClient, open_pages: Open, owner: str) -> None:
    form = invited(counter, clean, owner)
    browsers = [open_pages(create_app) for _ in range(3)]
    for one in browsers:  # FastAPI makes its routes at the first request, one thread at a time
        one.get("/sign-in")
    with ThreadPoolExecutor(3) as hands:
        codes = sorted(hands.map(lambda one: one.post("/register/invitation", data=form).status_code, browsers))
    assert codes == [303, 410, 410]


@pytest.mark.parametrize(
    "end",
    [
        "update identity.invitation set expires_at = now() - interval '1 second'",
        "update identity.invitation set ended_at = now()",
    ],
)
def test_an_invitation_that_ended_lets_nobody_in(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str, end: str
) -> None:
    form = invited(counter, clean, owner)
    clean.run(end)
    assert counter_pages.get("/register/invitation", params=form).status_code == 410
    assert counter_pages.post("/register/invitation", data=form).status_code == 410
    assert clean.value("select count(*) from identity.account") == 1


@pytest.mark.parametrize("wrong", [{"secret": "0" * 64}, {"link": str(uuid4())}, {"link": "x"}, {"secret": "é"}])
def test_a_wrong_link_lets_nobody_in(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str, wrong: dict[str, str]
) -> None:
    form = invited(counter, clean, owner) | wrong
    assert counter_pages.post("/register/invitation", data=form).status_code == 410
    assert clean.value("select count(*) from identity.account") == 1


def test_an_invitations_secret_signs_nobody_in_by_another_door(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str
) -> None:
    form = invited(counter, clean, owner)
    assert counter_pages.post("/sign-in/link", data=form).status_code == 403


def test_an_address_with_an_account_elsewhere_is_not_taken_over(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str
) -> None:
    clean.an_applicant(NEW, name="別の会社")
    before = clean.account(NEW).organisation_id
    answer = counter_pages.post("/register/invitation", data=invited(counter, clean, owner))
    assert answer.status_code == 409
    assert clean.account(NEW).organisation_id == before
    assert clean.value("select count(*) from identity.session") == 0


def test_invitations_are_limited_and_a_new_one_ends_the_old(clean: Site, counter: TestClient, owner: str) -> None:
    first = invited(counter, clean, owner)
    invited(counter, clean, owner)
    assert clean.value("select ended_at is not null from identity.invitation where id = :id", id=first["link"])
    invited(counter, clean, owner)
    body = {"email": NEW, "rights": "file"}
    assert counter.post(f"{HERE}/invitations", json=body, headers=bearer(owner)).status_code == 429
    for number in range(19):
        invited(counter, clean, owner, f"n{number}@example.com")
    body = {"email": "n20@example.com", "rights": "file"}
    answer = counter.post(f"{HERE}/invitations", json=body, headers=bearer(owner))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")


def test_a_members_address_is_not_invited_again(clean: Site, counter: TestClient, owner: str) -> None:
    a_member(clean)
    body = {"email": "Member@example.com", "rights": "file"}
    assert counter.post(f"{HERE}/invitations", json=body, headers=bearer(owner)).status_code == 409


def test_a_removed_members_sessions_keys_and_invitations_end_at_once(
    clean: Site, counter: TestClient, open_pages: Open, owner: str
) -> None:
    key = a_member(clean, "owner")
    browser = signed_in(open_pages, clean, "member@example.com")
    invited(counter, clean, key)
    member = clean.account("member@example.com").id
    assert counter.get(HERE, headers=bearer(key)).status_code == 200
    assert counter.delete(f"{HERE}/members/{member}", headers=bearer(owner)).status_code == 204
    assert counter.get(HERE, headers=bearer(key)).status_code == 401
    browser.app.state.callers.forget_all()  # type: ignore[attr-defined] # another process, five seconds later
    assert browser.get("/applications").status_code == 303
    assert browser.post("/sign-in", data={"email": "member@example.com"}).status_code == 200
    left = "select (select count(*) from identity.session) + (select count(*) from identity.sign_in_link where used_at is null)"
    assert clean.value(left) == 0
    assert clean.value("select count(*) from identity.invitation where ended_at is null") == 0


def test_who_was_removed_comes_back_by_an_invitation_only(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str
) -> None:
    a_member(clean)
    member = clean.account("member@example.com").id
    counter.delete(f"{HERE}/members/{member}", headers=bearer(owner))
    form = invited(counter, clean, owner, "member@example.com", "read")
    assert counter_pages.post("/register/invitation", data=form).status_code == 303
    assert (clean.account("member@example.com").id, clean.account("member@example.com").rights) == (member, "read")


def test_an_account_that_an_operator_closed_is_not_opened_by_an_invitation(
    clean: Site, counter: TestClient, counter_pages: TestClient, owner: str
) -> None:
    a_member(clean)
    clean.run("update identity.account set disabled_at = now() where id = :id", id=clean.account("member@example.com").id)
    form = invited(counter, clean, owner, "member@example.com")
    assert counter_pages.post("/register/invitation", data=form).status_code == 409


def test_the_last_owner_stays(clean: Site, counter: TestClient, owner: str) -> None:
    a_member(clean)
    me = clean.account("applicant@example.com").id
    assert counter.delete(f"{HERE}/members/{me}", headers=bearer(owner)).status_code == 409
    assert counter.patch(f"{HERE}/members/{me}", json={"rights": "file"}, headers=bearer(owner)).status_code == 409
    other = clean.account("member@example.com").id
    assert counter.patch(f"{HERE}/members/{other}", json={"rights": "owner"}, headers=bearer(owner)).status_code == 204
    assert counter.delete(f"{HERE}/members/{me}", headers=bearer(owner)).status_code == 204
    assert counter.get(HERE, headers=bearer(owner)).status_code == 401


def test_two_owners_who_remove_each_other_leave_one(clean: Site, owner: str) -> None:
    pairs = [
        (hashed(owner), "member@example.com"),
        (hashed(a_member(clean, "owner")), "applicant@example.com"),
    ]

    def remove(pair: tuple[bytes, str]) -> Problem | None:
        with clean.session("intake") as session:
            try:
                members.remove_member(session, pair[0], clean.account(pair[1]).id)
            except (Conflict, Forbidden) as problem:
                return problem
            session.commit()
        return None

    with ThreadPoolExecutor(2) as hands:
        answers = list(hands.map(remove, pairs))
    assert sorted(one is None for one in answers) == [False, True]
    assert clean.value("select count(*) from identity.account where disabled_at is null") == 1


def test_a_key_is_shown_once_listed_by_its_beginning_and_ended(clean: Site, counter: TestClient, owner: str) -> None:
    made = counter.post(f"{HERE}/keys", json={"label": "会計システム", "rights": "read"}, headers=bearer(owner))
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    key = made.json()["key"]
    (listed,) = [one for one in counter.get(f"{HERE}/keys", headers=bearer(owner)).json() if one["label"]]
    assert (listed["prefix"], listed["rights"], listed["last_used_at"]) == (key[:10], "read", None)
    assert key not in str(clean.rows("select * from identity.api_key"))
    assert counter.get("/v1/applications", headers=bearer(key)).status_code == 200
    assert file(counter, key, example(DENKI)).status_code == 403
    (listed,) = [one for one in counter.get(f"{HERE}/keys", headers=bearer(owner)).json() if one["label"]]
    assert listed["last_used_at"]
    assert counter.delete(f"{HERE}/keys/{listed['id']}", headers=bearer(owner)).status_code == 204
    assert counter.get("/v1/applications", headers=bearer(key)).status_code == 401


def test_a_keys_rights_are_never_more_than_its_holders(clean: Site, counter: TestClient, owner: str) -> None:
    key = counter.post(f"{HERE}/keys", json={"label": "x", "rights": "owner"}, headers=bearer(owner)).json()["key"]
    clean.run("update identity.account set rights = 'read'")
    with clean.session("intake") as session:
        caller = Callers().by_key(session, key)
    assert caller is not None
    assert (caller.rights, caller.owns, caller.may_file) == ("read", False, False)


def test_an_organisation_has_at_most_twenty_keys(clean: Site, counter: TestClient, owner: str) -> None:
    codes = [counter.post(f"{HERE}/keys", json={"label": str(number)}, headers=bearer(owner)).status_code for number in range(20)]
    assert codes == [201] * 19 + [429]  # and the one of the fixture
    assert clean.value("select count(*) from identity.api_key") == 20


@pytest.mark.parametrize("label", ["", "a\nb", "\0", "x" * 101])
def test_what_is_no_label_is_refused(counter: TestClient, owner: str, label: str) -> None:
    assert counter.post(f"{HERE}/keys", json={"label": label}, headers=bearer(owner)).status_code == 422


def test_an_owner_does_all_of_it_on_pages(clean: Site, open_pages: Open, owner: str) -> None:
    a_member(clean)
    member = clean.account("member@example.com").id
    browser = signed_in(open_pages, clean)
    assert "同僚 太郎" in browser.get("/organisation").text
    assert browser.post("/organisation/invitations", data={"email": "x", "rights": "king"}).status_code == 422
    assert browser.post("/organisation/invitations", data={"email": NEW, "rights": "king"}).status_code == 422
    assert browser.post("/organisation/invitations", data={"email": NEW, "rights": "file"}).status_code == 303
    assert NEW in browser.get("/organisation").text
    invitation = clean.value("select id from identity.invitation")
    assert browser.post(f"/organisation/invitations/{invitation}/end").status_code == 303
    assert NEW not in browser.get("/organisation").text
    assert browser.post(f"/organisation/members/{member}", data={"rights": "read"}).status_code == 303
    assert clean.account("member@example.com").rights == "read"
    page = browser.post("/organisation/keys", data={"label": "会計", "rights": "file"})
    assert "mdg_" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert browser.post("/organisation/keys", data={"label": "", "rights": "file"}).status_code == 422
    key = clean.value("select id from identity.api_key where label = '会計'")
    assert browser.post(f"/organisation/keys/{key}/end").status_code == 303
    assert browser.post(f"/organisation/members/{member}/removal").status_code == 303
    me = clean.account("applicant@example.com").id
    assert browser.post(f"/organisation/members/{me}/removal").status_code == 409
    assert COOKIE in browser.cookies
    assert owner


def test_a_reader_sees_no_button_that_would_refuse_him(clean: Site, counter: TestClient, open_pages: Open, owner: str) -> None:
    application = file(counter, owner, example(DENKI)).json()["id"]
    draft = counter.post("/v1/drafts", json={"procedure": DENKI}, headers=bearer(owner)).json()["id"]
    a_member(clean, "read")
    browser = signed_in(open_pages, clean, "member@example.com")
    for path in (
        "/organisation",
        "/drafts",
        f"/drafts/{draft}/pages/1",
        f"/drafts/{draft}/confirm",
        f"/applications/{application}",
        f"/applications/{application}/withdrawal",
        f"/procedures/{DENKI}/apply",
    ):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "<button" not in page.text.split('<main id="main"')[1], path
    assert browser.get("/organisation/keys").status_code == 403
    assert clean.value("select held_by from intake.draft") is None
