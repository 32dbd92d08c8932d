"""Who may do what in a stage, and on which contents: two persons, deputies, marks once more, mended contents."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.review.cases.cases import shown
from shared.identity.callers import Callers
from shared.workdays import today
from tests.review.parts import CASES
from tests.review.test_stages import GRANTS, HOJOKIN, PRESS, Desk, to_the_decision
from tests.site import KOEN, Site, bearer


@pytest.fixture
def grant(desk: TestClient, clean: Site) -> Desk:
    return Desk(desk, clean, HOJOKIN, GRANTS)


@pytest.fixture
def event(desk: TestClient, clean: Site) -> Desk:
    return Desk(desk, clean, KOEN, PRESS)


def is_mended(site: Site) -> None:
    """The applicant's contents are newer than what was looked at."""
    site.run('update review."case" set revision = revision + 1')


def test_who_proposed_a_decision_that_was_replaced_does_not_approve_the_next(event: Desk) -> None:
    event.judges("public_good", "no_profit", "trust")
    event.does("PUT", "/proposal", {"decision": "approve"}, "two")
    event.does("PUT", "/proposal", {"decision": "approve"})
    event.does("POST", "/pass", {})
    assert event.send("POST", "/approval", {"proposal": 2}, "two").status_code == 409
    event.does("POST", "/approval", {"proposal": 2}, "head")


def test_contents_mended_after_an_earlier_stage_go_back_to_it(grant: Desk, clean: Site) -> None:
    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {})
    is_mended(clean)
    for who in ("one", "two"):
        grant.marks(who)
    grant.does("PUT", "/proposal", {"decision": "approve"})
    assert grant.refused("POST", "/pass", {}) == (409, ["/judgements/eligible_applicant", "/judgements/papers"])
    grant.does("POST", "/return", {"to": "reception", "note": "補正後の内容の確認"})
    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {})
    grant.does("PUT", "/proposal", {"decision": "approve"})
    grant.does("POST", "/pass", {})
    assert grant.stage() == "decision"


def test_marks_are_given_anew_by_the_same_after_a_sending_back(grant: Desk) -> None:
    to_the_decision(grant)
    grant.does("POST", "/return", {"to": "assessment", "note": "再評価"}, "head")
    whole: dict[str, Any] = {"marks": dict.fromkeys(("productivity", "feasibility", "costs_fit"), 1)}
    assert grant.send("PUT", "/marks", whole, "three").status_code == 409
    for who in ("one", "two"):
        grant.marks(who, 2)
    assert grant.send("PUT", "/marks", whole, "one").status_code == 409


def test_a_deputy_decides_while_everybody_with_the_duty_is_away(event: Desk, clean: Site) -> None:
    event.keys["deputy"] = clean.a_reviewer(PRESS, email="deputy@example.go.jp", name="deputy", duties=["deputy-approver"])
    event.judges("public_good", "no_profit", "trust")
    event.does("PUT", "/proposal", {"decision": "approve"})
    event.does("POST", "/pass", {})
    assert event.send("POST", "/approval", {"proposal": 1}, "deputy").status_code == 403
    for name in ("one", "two", "three", "head"):
        clean.run(
            """insert into review.absence (id, account_id, starts_on, ends_on, deputy_name, noted_by)
               values (gen_random_uuid(), :who, :day, :day, '', :who)""",
            who=clean.account(f"{name}@example.go.jp").id,
            day=today(),
        )
    assert event.does("POST", "/approval", {"proposal": 1}, "deputy")["decided_as"] == "deputy-approver"


def test_who_waited_for_a_case_sees_it_as_it_is_now(event: Desk, clean: Site) -> None:
    with clean.session("review") as session:
        caller = Callers().by_key(session, event.keys["one"])
        assert caller
        before = shown(session, caller, event.case)
        is_mended(clean)
        assert before.revision == 1
        assert shown(session, caller, event.case, lock=True).revision == 2


def turns(client: TestClient, key: str) -> int:
    """Of how many cases a list says that it is somebody's turn."""
    found = client.get(CASES, params={"turn": True}, headers=bearer(key))
    assert found.status_code == 200, found.text
    return len(found.json())


def is_away(site: Site, name: str, *, deputy: str | None = None) -> None:
    site.run(
        """insert into review.absence (id, account_id, starts_on, ends_on, deputy_id, deputy_name, noted_by)
           values (gen_random_uuid(), :who, :day, :day, :deputy, '', :who)""",
        who=site.account(f"{name}@example.go.jp").id,
        deputy=site.account(f"{deputy}@example.go.jp").id if deputy else None,
        day=today(),
    )


@pytest.mark.parametrize(("granted", "told"), [(3_000_000, 1), (3_000_001, 0)])
def test_it_is_the_turn_of_whom_a_rule_lets_decide_for_the_proposed_amount(
    grant: Desk, clean: Site, granted: int, told: int
) -> None:
    chief = clean.a_reviewer(GRANTS, email="chief@example.go.jp", name="chief", duties=["section-chief"])
    assert turns(grant.client, chief) == 0
    to_the_decision(grant, decision="approve-in-part", amount=granted, reasons="対象外の経費を除く", criteria=["costs_fit"])
    assert turns(grant.client, chief) == told
    assert grant.send("POST", "/approval", {"proposal": 1}, "head").status_code == 200
    assert turns(grant.client, chief) == 0


def test_it_is_the_turn_of_who_stands_in_for_the_absent(event: Desk, clean: Site) -> None:
    keys = {
        name: clean.a_reviewer(PRESS, email=f"{name}@example.go.jp", name=name, duties=[duty])
        for name, duty in (("named", "examiner"), ("deputy", "deputy-approver"))
    }
    event.judges("public_good", "no_profit", "trust")
    event.does("PUT", "/proposal", {"decision": "approve"})
    is_away(clean, "two", deputy="deputy")  # an earlier stage is not done by deputies
    assert turns(event.client, keys["deputy"]) == 0
    event.does("POST", "/pass", {})
    clean.run("delete from review.absence")
    assert [turns(event.client, keys[one]) for one in ("named", "deputy")] == [0, 0]
    is_away(clean, "head", deputy="named")
    assert [turns(event.client, keys[one]) for one in ("named", "deputy")] == [1, 0]
    for name in ("one", "two", "three"):
        is_away(clean, name)
    assert [turns(event.client, keys[one]) for one in ("named", "deputy")] == [1, 1]


def awaited(site: Site) -> list[str]:
    """Who was told by mail that a case waits for him."""
    site.deliver_all()
    found = site.rows("select recipient from notify.message where template = 'case-awaiting' and channel = 'email' order by id")
    return [row["recipient"].partition("@")[0] for row in found]


def test_whom_a_case_waits_for_is_told(grant: Desk, clean: Site) -> None:
    others = {"approver": "approver", "away": "approver", "concerned": "approver", "chief": "section-chief", "named": "clerk"}
    for name, duty in others.items():
        grant.keys[name] = clean.a_reviewer(GRANTS, email=f"{name}@example.go.jp", name=name, duties=[duty])
    is_away(clean, "away", deputy="named")
    declared = {"kind": "case", "party": str(grant.case), "reason": "親族"}
    assert grant.client.post("/v1/conflicts", json=declared, headers=bearer(grant.keys["concerned"])).status_code == 201
    clean.run("""update review."case" set official_id = :one""", one=clean.account("one@example.go.jp").id)

    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {}, "one")
    assert awaited(clean) == []  # he has it, and goes on with it himself
    for who in ("one", "two"):
        grant.marks(who)
    partly = {"decision": "approve-in-part", "amount": 3_000_000, "reasons": "x", "criteria": ["costs_fit"]}
    grant.does("PUT", "/proposal", partly)
    grant.does("POST", "/pass", {})
    told = awaited(clean)
    assert sorted(told) == ["approver", "chief", "head", "named", "three"]  # who did an earlier stage does not decide
    grant.does("POST", "/return", {"to": "assessment", "note": "再評価"}, "head")
    assert awaited(clean)[len(told) :] == ["one"]
