"""People, organisations and keys on the console: every act has its reason and its trace, and no operator locks the house."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from shared.identity import finding, operating
from shared.operation.acts import Operator
from shared.problems import Conflict
from tests.site import Site, bearer

WHY = {"reason": "A letter of the office"}
OFFICIAL = "official@example.go.jp"


def account(site: Site, email: str) -> UUID:
    return site.account(email).id


def noted(site: Site) -> list[tuple[str, Any]]:
    return [(row["act"], row["reason"]) for row in site.rows("select act, reason from operation.act order by id")]


def test_a_disabled_account_works_nowhere_until_it_is_enabled(console: TestClient, clean: Site, desk: TestClient) -> None:
    key = bearer(clean.a_reviewer("kinki-bureau"))
    who = account(clean, OFFICIAL)
    clean.run(
        "insert into identity.session (hash, account_id, expires_at) values ('\\x00', :who, now() + interval '1 hour')", who=who
    )
    assert clean.value("select signed_in_at from identity.account where id = :who", who=who)
    page = f"/console/people/{who}"
    assert console.post(f"{page}/disable").status_code == 422
    assert console.post(f"{page}/disable", data=WHY).headers["location"] == f"{page}?done=disable"
    assert console.post(f"{page}/disable", data=WHY).status_code == 409
    assert clean.value("select count(*) from identity.session") == 0
    assert desk.get("/v1/cases", headers=key).status_code == 401
    assert "Open the account again" in console.get(page).text
    assert console.post(f"{page}/enable", data=WHY).status_code == 303
    desk.app.state.callers.forget_all()  # type: ignore[attr-defined]
    assert desk.get("/v1/cases", headers=key).status_code == 200
    assert noted(clean) == [("account.disabled", WHY["reason"]), ("account.enabled", WHY["reason"])]


def test_nobody_disables_himself_or_the_last_operator(console: TestClient, clean: Site) -> None:
    me = account(clean, "operator@example.go.jp")
    for act, more in (("disable", {}), ("role", {"role": "reviewer"})):
        assert console.post(f"/console/people/{me}/{act}", data=WHY | more).status_code == 409
    with Session(clean.operator) as session:
        nobody = Operator(None, "the command line")
        with pytest.raises(Conflict, match="last operator"):
            operating.disable(session, nobody, me, "He left")
        with pytest.raises(Conflict, match="last operator"):
            operating.set_role(session, nobody, me, "service", "He left")
    assert noted(clean) == []


def test_somebody_is_added_with_a_reason_and_what_does_not_fit_is_said_beside_its_field(console: TestClient, clean: Site) -> None:
    here, new = "/console/people/new", {"email": "New@example.go.jp", "name": "新人 一郎"}
    assert console.get(here).status_code == 200
    unfit = {"email": "no address", "role": "reviewer", "group": "近畿", "organisation": "会社"}
    assert 'id="why-new-error"' in console.post(here, data=new | unfit).text
    wrong = console.post(here, data=WHY | new | unfit)
    assert wrong.status_code == 422
    for place in ("email", "group", "organisation"):
        assert f'id="{place}-error"' in wrong.text, place
    official = WHY | new | {"role": "reviewer", "group": "kinki-bureau", "duty": "approver"}
    page = console.post(here, data=official).headers["location"]
    assert page == f"/console/people/{account(clean, 'new@example.go.jp')}?done=added"
    assert "kinki-bureau" in console.get(page).text
    assert console.post(here, data=official).status_code == 409
    firm = {"role": "applicant", "organisation": "新会社", "corporate_number": "5010401067252", "email": "firm@example.com"}
    assert console.post(here, data=WHY | new | firm | {"organisation": ""}).status_code == 422
    assert console.post(here, data=WHY | new | firm).status_code == 303
    assert console.post(here, data=WHY | new | firm | {"email": "second@example.com", "rights": "read"}).status_code == 303
    assert [row["rights"] for row in clean.rows("select rights from identity.account where role = 'applicant' order by id")] == [
        "owner",
        "read",
    ]
    assert clean.value("select count(*) from identity.organisation") == 1
    assert noted(clean) == [("account.added", WHY["reason"])] * 3


def test_duties_are_given_and_taken_and_a_new_role_ends_all_he_had(console: TestClient, clean: Site) -> None:
    clean.a_reviewer("kinki-bureau")
    who = account(clean, OFFICIAL)
    page = f"/console/people/{who}"
    duty = {"group": "public-relations", "duty": "approver", "procedure": "koen-meigi"}
    assert console.post(f"{page}/give", data=WHY | duty).status_code == 303
    assert clean.value("select count(*) from identity.duty where \"group\" = 'public-relations'") == 1
    assert "public-relations" in console.get(page).text
    assert console.post(f"{page}/take", data=WHY | duty).status_code == 303
    assert console.post(f"{page}/take", data=WHY | duty).status_code == 404
    assert console.post(f"{page}/leave", data=WHY | {"group": "public-relations"}).status_code == 303
    assert console.post(f"{page}/give", data=WHY | duty | {"duty": "No Name"}).status_code == 422
    assert console.post(f"{page}/role", data=WHY | {"role": "operator"}).status_code == 303
    assert clean.value("select count(*) from identity.membership") == 0
    assert clean.value("select count(*) from identity.api_key where account_id = :who and revoked_at is null", who=who) == 0
    assert [act for act, _ in noted(clean)] == ["duty.given", "duty.taken", "group.left", "account.role-changed"]


def test_a_key_is_shown_once_works_and_is_revoked(console: TestClient, clean: Site, counter: TestClient) -> None:
    clean.an_applicant()
    page = f"/console/people/{account(clean, 'applicant@example.com')}"
    made = console.post(f"{page}/keys/new", data=WHY | {"label": "会計システム"})
    (key,) = re.findall(r">(mdg_[\w-]+)<", made.text)
    assert made.headers["cache-control"] == "no-store"
    assert key not in console.get(page).text
    assert counter.get("/v1/applications", headers=bearer(key)).status_code == 200
    listed = console.get("/console/keys").text
    assert "会計システム" in listed
    assert "会計システム" not in console.get("/console/keys?unused=30").text
    key_id = clean.value("select id from identity.api_key where label = '会計システム'")
    stranger = account(clean, "operator@example.go.jp")
    assert console.post(f"/console/people/{stranger}/revoke", data=WHY | {"key": str(key_id)}).status_code == 404
    assert console.post(f"/console/keys/{key_id}", data=WHY).headers["location"] == "/console/keys?done=revoked"
    counter.app.state.callers.forget_all()  # type: ignore[attr-defined]
    assert counter.get("/v1/applications", headers=bearer(key)).status_code == 401
    assert key not in str(clean.rows("select * from operation.act"))
    assert [act for act, _ in noted(clean)] == ["key.issued", "key.revoked"]


def test_people_and_organisations_are_found_by_what_stands_in_no_url(console: TestClient, clean: Site) -> None:
    clean.an_applicant()
    clean.an_applicant("second@example.com", name="株式会社もう一つ")
    clean.run("update identity.organisation set verified = false, claimed_number = '5010401067252' where name like '%もう一つ'")
    for words in ("second@", "もう一つ", "SECOND"):
        page = console.post("/console/people", data={"words": words}).text
        assert ("second@example.com" in page, "applicant@example.com" in page) == (True, False)
    assert "Nobody was found." in console.post("/console/people", data={"words": "100%_\0"}).text
    assert "second@example.com" not in console.get("/console/people?role=operator").text
    found = console.post("/console/organisations", data={"words": "5010401067252", "unverified": "true"}).text
    assert "株式会社もう一つ" in found
    verified = console.post(
        f"/console/people/{account(clean, 'second@example.com')}/verify", data=WHY | {"number": "5010401067252"}
    )
    assert verified.status_code == 303
    assert clean.value("select corporate_number from identity.organisation where name like '%もう一つ'") == "5010401067252"


def test_lists_are_shown_page_by_page(console: TestClient, clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.console import people_pages

    monkeypatch.setattr(people_pages, "PAGE", 2)
    for number in range(3):
        clean.an_applicant(f"number-{number}@example.com")
    first = console.post("/console/people", data={"words": "number-"}).text
    assert ("number-2@" in first, "number-0@" in first) == (True, False)
    (before,) = re.findall(r'name="before" value="([^"]+)"', first)
    second = console.post("/console/people", data={"words": "number-", "before": before}).text
    assert ("number-2@" in second, "number-0@" in second) == (False, True)
    assert 'name="before"' not in second
    with Session(clean.operator) as session:
        assert len(finding.accounts(session, finding.Wanted(words="number-"), most=2)) == 2
