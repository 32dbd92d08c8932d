"""Cases go through the stages of their procedure, by the people the procedure says, to a decision that rests on its criteria."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.review.parts import CASES, an_arrival, case_of, opens
from tests.site import KOEN, Site, bearer

HOJOKIN = "hojokin-kofu"
GRANTS, PRESS = "grants", "public-relations"


class Desk:
    """A case as several officials work on it over HTTP."""

    def __init__(self, client: TestClient, site: Site, procedure: str, group: str, **answers: Any) -> None:
        self.client = client
        self.site = site
        event = an_arrival(procedure, **answers)
        opens(site, event)
        self.case: UUID = case_of(site, event)["id"]
        self.keys = {
            name: site.a_reviewer(group, email=f"{name}@example.go.jp", name=name) for name in ("one", "two", "three", "head")
        }

    def get(self, path: str, who: str = "one") -> Any:
        answer = self.client.get(f"{CASES}/{self.case}{path}", headers=bearer(self.keys[who]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: dict[str, Any], who: str = "one") -> httpx.Response:
        sent: httpx.Response = self.client.request(
            method, f"{CASES}/{self.case}{path}", json=body, headers=bearer(self.keys[who])
        )
        return sent

    def does(self, method: str, path: str, body: dict[str, Any], who: str = "one") -> Any:
        answer = self.send(method, path, body, who)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def judges(self, *criteria: str, verdict: str = "met", who: str = "one") -> None:
        judged = [{"criterion": one, "verdict": verdict, "note": "確認した", "evidence": "申請書"} for one in criteria]
        self.does("PUT", "/judgements", {"judgements": judged}, who)

    def marks(self, who: str, mark: int = 4) -> None:
        self.does("PUT", "/marks", {"marks": dict.fromkeys(("productivity", "feasibility", "costs_fit"), mark)}, who)

    def stage(self) -> str:
        return str(self.get("")["stage"])

    def refused(self, method: str, path: str, body: dict[str, Any], who: str = "one") -> tuple[int, list[str]]:
        answer = self.send(method, path, body, who)
        return answer.status_code, [one["pointer"] for one in answer.json().get("errors", [])]


@pytest.fixture
def grant(desk: TestClient, clean: Site) -> Desk:
    return Desk(desk, clean, HOJOKIN, GRANTS)


@pytest.fixture
def event(desk: TestClient, clean: Site) -> Desk:
    return Desk(desk, clean, KOEN, PRESS)


def to_the_decision(grant: Desk, **proposal: Any) -> None:
    """Through all stages, with this proposal."""
    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {})
    grant.marks("one")
    grant.marks("two")
    grant.does("PUT", "/proposal", {"decision": "approve", **proposal}, "two")
    grant.does("POST", "/pass", {}, "two")
    assert grant.stage() == "decision"


def test_a_stage_is_left_only_when_its_criteria_are_judged(grant: Desk) -> None:
    assert grant.refused("POST", "/pass", {}) == (409, ["/judgements/eligible_applicant", "/judgements/papers"])
    grant.judges("papers")
    assert grant.refused("POST", "/pass", {}) == (409, ["/judgements/eligible_applicant"])
    grant.judges("eligible_applicant")
    grant.does("POST", "/pass", {"note": "受付済み"})
    assert grant.stage() == "assessment"
    first, second = grant.get("/stages")["steps"]
    assert (first["stage"], first["move"], first["left_by_name"], first["note"]) == ("reception", "pass", "one", "受付済み")
    assert (second["stage"], second["left_at"]) == ("assessment", None)


@pytest.mark.parametrize(
    ("judged", "pointer"),
    [
        ({"criterion": "papers", "verdict": "not-met"}, "/judgements/0/note"),
        ({"criterion": "eligible_applicant", "verdict": "met"}, "/judgements/0/evidence"),
        ({"criterion": "feasibility", "verdict": "met"}, "/judgements/0/criterion"),  # of another stage
        ({"criterion": "papers", "verdict": "perhaps"}, "/judgements/0/verdict"),
        ({"criterion": "papers", "verdict": "met", "note": "a" * 2001}, "/judgements/0/note"),
    ],
)
def test_a_judgement_that_lacks_something_is_refused(grant: Desk, judged: dict[str, str], pointer: str) -> None:
    assert grant.refused("PUT", "/judgements", {"judgements": [judged]}) == (422, [pointer])


def test_marks_of_others_are_hidden_until_all_are_given_and_fixed_then(grant: Desk) -> None:
    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {})
    assert grant.refused("PUT", "/judgements", {"judgements": [{"criterion": "feasibility", "verdict": "met"}]})[0] == 409
    assert grant.refused("PUT", "/marks", {"marks": {"productivity": 6, "feasibility": 1}}) == (
        422,
        ["/marks/productivity", "/marks/costs_fit"],
    )
    grant.marks("one", 3)
    grant.marks("one", 2)
    assert grant.refused("POST", "/pass", {}, "two") == (409, ["/marks"])

    def seen(who: str) -> list[tuple[str, int]]:
        return [(one["name"], one["marks"]["feasibility"]) for one in grant.get("/stages", who)["stages"][1]["marks"]]

    assert (seen("one"), seen("two")) == ([("one", 2)], [])
    grant.marks("two", 5)
    assert seen("one") == seen("three") == [("one", 2), ("two", 5)]
    marks = {"marks": dict.fromkeys(("productivity", "feasibility", "costs_fit"), 0)}
    assert grant.send("PUT", "/marks", marks, "one").status_code == 409


def test_the_last_stage_is_entered_with_a_proposal_and_decided_by_somebody_else(grant: Desk) -> None:
    grant.judges("eligible_applicant", "papers")
    grant.does("POST", "/pass", {})
    grant.marks("one")
    grant.marks("two")
    assert grant.send("POST", "/pass", {}, "three").status_code == 409  # nothing is proposed
    grant.does("PUT", "/proposal", {"decision": "approve"}, "three")
    grant.does("POST", "/pass", {}, "three")
    for who in ("one", "two", "three"):  # who judged, marked or proposed
        assert grant.send("POST", "/approval", {"proposal": 1}, who).status_code == 409
    assert grant.send("POST", "/decision", {"decision": "refuse"}, "head").status_code == 409
    assert grant.send("POST", "/approval", {"proposal": 2}, "head").status_code == 409
    decided = grant.does("POST", "/approval", {"proposal": 1}, "head")
    assert (decided["state"], decided["decision"], decided["amount"]) == ("decided", "approve", decided["answers"]["requested"])
    assert grant.send("POST", "/approval", {"proposal": 1}, "head").status_code == 409


def test_a_grant_is_cut_with_reasons_and_conditions(grant: Desk, clean: Site) -> None:
    asked = grant.get("")["answers"]["requested"]
    grant.judges("eligible_applicant", "papers")
    cut = {
        "decision": "approve-in-part",
        "amount": asked - 1,
        "reasons": "対象外の経費を除く。",
        "conditions": ["帳簿を5年間保存すること。"],
    }
    assert grant.refused("PUT", "/proposal", cut | {"reasons": ""}) == (422, ["/reasons"])
    assert grant.refused("PUT", "/proposal", cut | {"amount": asked}) == (422, ["/amount"])
    assert grant.refused("PUT", "/proposal", cut | {"decision": "approve"}) == (422, ["/amount"])
    assert grant.refused("PUT", "/proposal", cut | {"decision": "accept"}) == (422, ["/decision"])
    grant.does("POST", "/pass", {})
    grant.marks("one")
    grant.marks("two")
    grant.does("PUT", "/proposal", cut)
    grant.does("POST", "/pass", {})
    decided = grant.does("POST", "/approval", {"proposal": 1}, "head")
    assert (decided["decision"], decided["amount"], decided["conditions"]) == ("approve-in-part", asked - 1, cut["conditions"])
    (told,) = clean.rows("select data from bus.event where type = 'case.decided.v1'")
    assert (told["data"]["decision"], told["data"]["partly"], told["data"]["amount"]) == ("approve", True, asked - 1)
    assert "審査請求" in told["data"]["appeal"]


def test_a_refusal_cites_the_criteria_that_are_not_met(event: Desk, clean: Site) -> None:
    event.judges("public_good", "trust")
    event.judges("no_profit", verdict="not-met")
    assert event.refused("PUT", "/proposal", {"decision": "approve"}) == (422, ["/decision"])
    refusal = {"decision": "refuse", "reasons": "入場料が実費を超え、営利を主たる目的とするため。"}
    assert event.refused("PUT", "/proposal", refusal) == (422, ["/criteria"])
    assert event.refused("PUT", "/proposal", refusal | {"criteria": ["no_profit", "trust"]}) == (422, ["/criteria/1"])
    event.does("PUT", "/proposal", refusal | {"criteria": ["no_profit"]})
    event.does("POST", "/pass", {})
    event.does("POST", "/approval", {"proposal": 1}, "head")
    (told,) = clean.rows("select data from bus.event where type = 'case.decided.v1'")
    assert told["data"]["criteria"] == ["営利を主たる目的としない"]


def test_what_is_sent_back_is_proposed_and_judged_again_where_that_is_needed(event: Desk) -> None:
    event.judges("public_good", "no_profit", "trust")
    event.does("PUT", "/proposal", {"decision": "approve"})
    event.does("POST", "/pass", {})
    assert event.refused("POST", "/return", {"to": "approval", "note": "再考"}, "head") == (422, ["/to"])
    assert event.refused("POST", "/return", {"to": "examination", "note": " "}, "head") == (422, ["/note"])
    event.does("POST", "/proposal/comments", {"text": "条件を付けるべきでは。"}, "head")
    event.does("POST", "/return", {"to": "examination", "note": "条件を付けること"}, "head")
    assert event.stage() == "examination"
    assert [one["state"] for one in event.get("/proposals")] == ["sent-back"]
    assert event.send("POST", "/pass", {}).status_code == 409
    event.does("PUT", "/proposal", {"decision": "approve", "conditions": ["報告書を提出すること。"]})
    event.does("PUT", "/proposal", {"decision": "approve", "conditions": ["実施報告書を提出すること。"]})
    event.does("POST", "/pass", {})
    decided = event.does("POST", "/approval", {"proposal": 3}, "head")
    assert decided["conditions"] == ["実施報告書を提出すること。"]
    assert [one["state"] for one in event.get("/proposals")] == ["sent-back", "replaced", "approved"]
    moves = [(one["stage"], one["move"]) for one in event.get("/stages")["steps"]]
    assert moves == [("examination", "pass"), ("approval", "send-back"), ("examination", "pass"), ("approval", "decide")]


def official(grant: Desk, name: str, *duties: str) -> None:
    """One more official of the office, with these duties only."""
    grant.keys[name] = grant.site.a_reviewer(GRANTS, email=f"{name}@example.go.jp", name=name, duties=duties)


def test_small_grants_are_decided_by_delegation(grant: Desk) -> None:
    official(grant, "chief", "section-chief")
    small = {"decision": "approve-in-part", "amount": 3_000_001, "reasons": "対象外の経費を除く。"}
    to_the_decision(grant, **small)
    assert grant.send("POST", "/approval", {"proposal": 1}, "chief").status_code == 403
    grant.does("POST", "/return", {"to": "assessment", "note": "減額のこと"}, "head")
    grant.does("PUT", "/proposal", small | {"amount": 3_000_000}, "two")
    grant.does("POST", "/pass", {}, "two")
    assert grant.does("POST", "/approval", {"proposal": 2}, "chief")["decided_as"] == "section-chief"


def test_deputies_decide_while_everybody_else_is_absent(grant: Desk) -> None:
    official(grant, "deputy", "deputy-approver")
    official(grant, "named", "examiner")
    to_the_decision(grant)
    for who in ("deputy", "named"):
        assert grant.send("POST", "/approval", {"proposal": 1}, who).status_code == 403
    grant.site.run(
        "insert into review.absence (id, account_id, starts_on, ends_on, deputy_id, deputy_name, noted_by) "
        "select gen_random_uuid(), a.id, current_date - 1, current_date + 1, n.id, n.name, a.id "
        "from identity.account a, identity.account n where n.id = :named and a.id = any(:away)",
        named=grant.site.account("named@example.go.jp").id,
        away=[grant.site.account(f"{name}@example.go.jp").id for name in ("one", "two", "three", "head")],
    )
    (seen,) = [one["lacking"] for one in grant.get("/stages", "deputy")["stages"] if one["position"] == "present"]
    assert seen == []
    decided = grant.does("POST", "/approval", {"proposal": 1}, "named")
    assert decided["decided_as"] == "deputy"


def test_the_duty_of_deputies_counts_while_nobody_else_is_there(grant: Desk) -> None:
    official(grant, "deputy", "deputy-approver")
    to_the_decision(grant)
    assert grant.send("POST", "/approval", {"proposal": 1}, "deputy").status_code == 403
    grant.site.run("delete from identity.duty where role = 'approver'")
    assert grant.does("POST", "/approval", {"proposal": 1}, "deputy")["decided_as"] == "deputy-approver"


def test_whose_turn_it_is_shows_in_the_list(event: Desk) -> None:
    for name, duty in (("examiner", "examiner"), ("approver", "approver")):
        event.keys[name] = event.site.a_reviewer(PRESS, email=f"{name}@example.go.jp", name=name, duties=[duty])

    def waits_for(who: str) -> bool:
        return bool(event.client.get(CASES, params={"turn": True}, headers=bearer(event.keys[who])).json())

    assert (waits_for("examiner"), waits_for("approver")) == (True, False)
    event.judges("public_good", "no_profit", "trust", who="examiner")
    event.does("PUT", "/proposal", {"decision": "approve"}, "examiner")
    event.does("POST", "/pass", {}, "examiner")
    assert (waits_for("examiner"), waits_for("approver")) == (False, True)
    event.does("POST", "/approval", {"proposal": 1}, "approver")
    assert (waits_for("examiner"), waits_for("approver")) == (False, False)


def test_a_procedure_with_one_stage_knows_no_other(desk: TestClient, clean: Site) -> None:
    notification = Desk(desk, clean, "denki-yohin-todokede", "kinki-bureau")
    assert notification.send("POST", "/pass", {}).status_code == 409
    assert notification.send("POST", "/return", {"to": "review", "note": "再"}).status_code == 409
    assert notification.send("PUT", "/proposal", {"decision": "accept"}).status_code == 409
    assert notification.does("POST", "/decision", {"decision": "accept"})["decided_as"] == "examiner"


def test_a_withdrawn_case_has_left_its_stage(event: Desk, clean: Site) -> None:
    from services.review.decisions.withdrawals import close_case
    from shared.events import WithdrawalAsked

    event.judges("public_good", "no_profit", "trust")
    event.does("PUT", "/proposal", {"decision": "approve"})
    with clean.session("review") as session:
        (found,) = clean.rows('select application_id, opened_at from review."case"')
        asked = WithdrawalAsked(subject=str(found["application_id"]), sequence=2, asked_at=found["opened_at"])
        close_case(session, [asked])
        session.commit()
    assert [one["move"] for one in event.get("/stages")["steps"]] == ["withdraw"]
    assert [one["state"] for one in event.get("/proposals")] == ["closed"]
