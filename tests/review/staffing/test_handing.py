"""Taking cases, giving them away, and whoever is told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import Session

from services.review.staffing import conflicts, handing, plans
from services.review.staffing.absences import today
from services.review.wall import HOUSE, acts
from shared.identity.callers import Caller, Callers
from tests.review.parts import CASES, case_of, decide, in_prefecture, opens
from tests.site import Site, bearer

GROUP = "kinki-bureau"


def an_official(site: Site, name: str, *duties: str) -> tuple[str, UUID]:
    """A key and the account of a new official of the group."""
    email = f"{name}@example.go.jp"
    key = site.a_reviewer(GROUP, email=email, name=name, duties=duties or ("examiner",))
    return key, site.account(email).id


def a_case(site: Site) -> dict[str, Any]:
    arrival = in_prefecture("27")
    opens(site, arrival)
    return case_of(site, arrival)


def post(desk: TestClient, key: str, path: str, **body: Any) -> httpx.Response:
    answer: httpx.Response = desk.post(path, json=body, headers=bearer(key))
    return answer


def pick_up() -> None:
    from services.review.tasks import pick_up_cases  # which reads the environment

    assert pick_up_cases() is False


def mails(site: Site) -> list[tuple[str, str]]:
    site.deliver_all()
    rows = site.rows(
        "select recipient, template from notify.message where channel = 'email' and template like 'case-%' order by id"
    )
    return [(row["recipient"].partition("@")[0], row["template"]) for row in rows]


def test_a_case_that_nobody_has_is_taken_once(clean: Site, desk: TestClient) -> None:
    case = a_case(clean)
    assert case["official_id"] is None
    assert case["assigned_because"]["candidates"] == 0
    one, account = an_official(clean, "one")
    approver, _ = an_official(clean, "approver", "approver")
    path = f"{CASES}/{case['id']}/assignment"
    assert post(desk, approver, f"{path}/take").status_code == 403
    taken = post(desk, one, f"{path}/take").json()
    assert taken["official"]["id"] == str(account)
    assert [entry["how"] for entry in taken["history"]] == ["taken", "rules"]
    assert post(desk, one, f"{path}/take").status_code == 409
    assert mails(clean) == []  # he knows it himself


def test_a_case_that_nobody_has_is_given_to_the_first_who_is_there(clean: Site) -> None:
    case = a_case(clean)
    pick_up()
    _, account = an_official(clean, "one")
    pick_up()
    assert clean.value("""select official_id from review."case" where id = :id""", id=case["id"]) == account
    assert mails(clean) == [("one", "case-assigned")]


def test_one_gives_away_what_one_has_and_both_are_told(clean: Site, desk: TestClient) -> None:
    one, first = an_official(clean, "one")
    case = a_case(clean)
    two, second = an_official(clean, "two")
    manager, _ = an_official(clean, "manager", "manager")
    path = f"{CASES}/{case['id']}/assignment"
    assert post(desk, two, f"{path}/release").status_code == 403  # it is not his
    assert post(desk, one, f"{path}/release", note="x" * 1001).status_code == 422
    assert post(desk, one, f"{path}/release", note="異動のため").status_code == 204
    shown = desk.get(path, headers=bearer(one)).json()
    assert (shown["official"]["id"], shown["history"][0]["note"]) == (str(second), "異動のため")
    assert mails(clean) == [("one", "case-opened"), ("two", "case-assigned")]  # who gave it away knows it

    assert post(desk, two, path, official=str(first)).status_code == 403  # a manager's
    assert post(desk, manager, path, official=str(second)).status_code == 409  # has it already
    given = post(desk, manager, path, official=str(first), note="経験者").json()
    assert (given["official"]["id"], given["because"]["how"], given["history"][0]["by"]) == (str(first), "reassigned", "manager")
    assert mails(clean)[2:] == [("one", "case-assigned"), ("two", "case-handed-over")]
    assert post(desk, manager, path).json()["official"]["id"] == str(second)  # by the rules: somebody else
    assert decide(desk, two, case["id"], "accept").status_code == 200
    assert post(desk, manager, path).status_code == 409


def test_a_case_is_given_to_nobody_who_is_away_may_not_have_it_or_has_a_conflict(clean: Site, desk: TestClient) -> None:
    one, first = an_official(clean, "one")
    case = a_case(clean)
    away, second = an_official(clean, "away")
    _, approver = an_official(clean, "approver", "approver")
    conflicted, third = an_official(clean, "conflicted")
    manager, _ = an_official(clean, "manager", "manager")
    days = {"starts_on": today().isoformat(), "ends_on": (today() + timedelta(days=3)).isoformat(), "deputy": str(first)}
    noted = post(desk, away, "/v1/absences", **days)
    assert noted.status_code == 201
    assert post(desk, conflicted, "/v1/conflicts", kind="case", party=str(case["id"]), reason="親族").status_code == 201
    assert desk.get(f"{CASES}/{case['id']}", headers=bearer(conflicted)).status_code == 404
    path = f"{CASES}/{case['id']}/assignment"
    for other in (second, approver, third):
        assert post(desk, manager, path, official=str(other)).status_code == 422
    assert post(desk, manager, path).json()["official"] is None  # there is nobody else
    assert desk.delete(f"/v1/absences/{noted.json()['id']}", headers=bearer(one)).status_code == 404
    assert desk.delete(f"/v1/absences/{noted.json()['id']}", headers=bearer(manager)).status_code == 204
    assert post(desk, manager, path, official=str(second)).status_code == 200


def test_who_notes_that_somebody_is_away_gives_the_deputys_power_neither_to_himself_nor_beyond_his_groups(
    clean: Site, desk: TestClient
) -> None:
    approver = clean.a_reviewer(GROUP, "kanto-bureau", email="head@example.go.jp", duties=["approver"])
    manager, mine = an_official(clean, "manager", "manager")
    _, colleague = an_official(clean, "colleague")
    clean.a_reviewer("kanto-bureau", email="there@example.go.jp")
    days = {"starts_on": today().isoformat(), "ends_on": today().isoformat()}
    his = days | {"official": str(clean.account("head@example.go.jp").id)}
    for deputy in (mine, clean.account("there@example.go.jp").id):
        assert post(desk, manager, "/v1/absences", **his, deputy=str(deputy)).status_code == 422
    assert post(desk, manager, "/v1/absences", **his, deputy=str(colleague)).status_code == 201
    assert post(desk, approver, "/v1/absences", **days, deputy=str(mine)).status_code == 201  # he himself may choose the manager


def test_what_one_declares_a_conflict_about_goes_to_somebody_else_at_once(clean: Site, desk: TestClient) -> None:
    one, first = an_official(clean, "one")
    arrival = in_prefecture("27")
    applicant = arrival.applicant.model_copy(update={"corporate_number": "5010401067252"})
    opens(clean, arrival.model_copy(update={"applicant": applicant}))
    case = case_of(clean, arrival)
    _, second = an_official(clean, "two")
    manager, _ = an_official(clean, "manager", "manager")
    declared = {"kind": "corporate-number", "party": "5010401067252", "reason": "元の勤務先"}
    assert post(desk, one, "/v1/conflicts", **{**declared, "party": "5010401067253"}).status_code == 422
    made = post(desk, one, "/v1/conflicts", **declared)
    assert post(desk, one, "/v1/conflicts", **declared).status_code == 409
    assert clean.value("""select official_id from review."case" """) == second
    assert desk.get(CASES, headers=bearer(one)).json() == []
    assert mails(clean)[1:] == [("two", "case-assigned")]
    # a manager declares one for the other: now nobody can have it
    path = f"{CASES}/{case['id']}/conflicts"
    assert post(desk, one, path, official=str(second), reason="x").status_code == 404
    assert post(desk, manager, path, official=str(second), reason="x").status_code == 201
    assert clean.value("""select official_id from review."case" """) is None
    ended = f"/v1/conflicts/{made.json()['id']}"
    assert desk.delete(ended, headers=bearer(manager)).status_code == 404
    assert desk.delete(ended, headers=bearer(one)).status_code == 204
    assert len(desk.get(CASES, headers=bearer(one)).json()) == 1
    assert desk.get("/v1/conflicts", headers=bearer(one)).json() == []
    pick_up()
    assert clean.value("""select official_id from review."case" """) == first


Act = Callable[[Session, Caller, dict[str, Any]], object]
WAYS: dict[str, Act] = {
    "released": lambda session, one, case: handing.release(session, one, case["id"]),
    "reassigned": lambda session, manager, case: handing.reassign(session, manager, case["id"], None),
    "kept from him": lambda session, manager, case: conflicts.declare_for(session, manager, case["id"], case["official_id"], "x"),
    "declared": lambda session, one, case: conflicts.declare(session, one, "case", str(case["id"]), "親族"),
    "left": lambda session, _, case: plans.leave(session, case["official_id"], "one", do=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_groups_are_locked_before_cases_whatever_is_done(clean: Site, way: str) -> None:
    one, account = an_official(clean, "one")
    case = a_case(clean)
    assert case["official_id"] == account
    manager, _ = an_official(clean, "manager", "manager")
    locked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "review.assignment:" in statement or ('FROM review."case"' in statement and "FOR UPDATE" in statement):
            locked.append("group" if "review.assignment:" in statement else "case")

    with clean.session("review") as session:
        caller = Callers().by_key(session, one if way in {"released", "declared"} else manager)
        assert caller is not None
        acts(session, HOUSE if way == "left" else caller)
        session.rollback()
        event.listen(session.get_bind(), "before_cursor_execute", note)
        try:
            WAYS[way](session, caller, case)
        finally:
            event.remove(session.get_bind(), "before_cursor_execute", note)
    assert locked[0] == "group"
    assert "case" in locked
