"""Plans for many cases of a group: looked at, then done as they were seen, or not at all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from uuid import UUID

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from deploy.cli import app
from services.review.models import Case
from services.review.staffing import plans
from services.review.wall import HOUSE, acts
from shared.identity.callers import Callers
from tests.review.parts import CASES, decide, in_prefecture, opens
from tests.review.staffing.test_handing import GROUP, an_official, post
from tests.site import Site, bearer

REBALANCE = f"/v1/assignments/{GROUP}/rebalance"
HANDOVER = f"/v1/assignments/{GROUP}/handover"


def loads(site: Site) -> Counter[UUID | None]:
    rows = site.rows("""select official_id, count(*) as n from review."case" where state = 'open' group by 1""")
    return Counter({row["official_id"]: row["n"] for row in rows})


def test_loads_are_made_level_with_few_moves_as_it_was_looked_at(clean: Site, desk: TestClient) -> None:
    one, first = an_official(clean, "one")
    opens(clean, *(in_prefecture("27") for _ in range(6)))
    _, second = an_official(clean, "two")
    _, third = an_official(clean, "three")
    manager, _ = an_official(clean, "manager", "manager")
    assert desk.get(REBALANCE, headers=bearer(one)).status_code == 403
    seen = desk.get(REBALANCE, headers=bearer(manager)).json()
    assert len(seen["moves"]) == 4
    assert {load["official"]["name"]: (load["before"], load["after"]) for load in seen["loads"] if load["after"]} == {
        "one": (6, 2),
        "two": (0, 2),
        "three": (0, 2),
    }
    assert loads(clean) == {first: 6}  # looking changes nothing
    assert decide(desk, one, seen["moves"][0]["case_id"], "accept").status_code == 200
    assert post(desk, manager, REBALANCE, token=seen["token"]).status_code == 409
    again = desk.get(REBALANCE, headers=bearer(manager)).json()
    done = post(desk, manager, REBALANCE, token=again["token"])
    assert (done.status_code, done.json()["moves"]) == (200, again["moves"])
    assert sorted(loads(clean).values()) == [1, 2, 2]
    assert loads(clean).keys() == {first, second, third}
    moved = desk.get(f"{CASES}/{again['moves'][0]['case_id']}/assignment", headers=bearer(manager)).json()
    assert (moved["because"]["how"], moved["history"][0]["by"]) == ("rebalanced", "manager")
    assert desk.get(REBALANCE, headers=bearer(manager)).json()["moves"] == []


def test_all_cases_of_somebody_are_handed_over_by_the_rules(clean: Site, desk: TestClient) -> None:
    _, first = an_official(clean, "one")
    opens(clean, *(in_prefecture("27") for _ in range(5)))
    two, second = an_official(clean, "two")
    _, third = an_official(clean, "three")
    manager, _ = an_official(clean, "manager", "manager")
    own = clean.value("""select id from review."case" order by id limit 1""")
    with clean.session("review") as session:
        case = session.get_one(Case, own)
        case.contact = case.contact | {"email": "two@example.go.jp"}
        session.add(case)
        session.commit()
    seen = desk.get(HANDOVER, params={"official": str(first)}, headers=bearer(manager)).json()
    assert len(seen["moves"]) == 5
    assert post(desk, manager, HANDOVER, token=seen["token"]).status_code == 409  # not of nobody
    assert post(desk, manager, HANDOVER, token=seen["token"], official=str(first)).status_code == 200
    assert sorted(loads(clean).items(), key=lambda load: load[1]) in ([(second, 2), (third, 3)], [(third, 2), (second, 3)])
    assert clean.value("""select official_id from review."case" where id = :id""", id=own) == third
    team = desk.get(f"/v1/assignments/{GROUP}", headers=bearer(two)).json()
    assert {member["official"]["name"]: member["open"] for member in team["members"]}["one"] == 0
    assert desk.get("/v1/assignments/okinawa-office", headers=bearer(two)).status_code == 403


def test_who_leaves_hands_over_everything_and_what_nobody_can_have_is_unassigned(clean: Site, desk: TestClient) -> None:
    _, first = an_official(clean, "one")
    opens(clean, *(in_prefecture("27") for _ in range(3)))
    manager, _ = an_official(clean, "manager", "manager")
    clean.run("update identity.account set disabled_at = now() where id = :id", id=first)
    gone = desk.get(f"/v1/assignments/{GROUP}", headers=bearer(manager)).json()["gone"]
    assert [(one["official"]["name"], one["cases"]) for one in gone] == [("one", 3)]
    with clean.session("review") as session:
        acts(session, HOUSE)
        seen = plans.leave(session, first, "one", do=False)
        assert len(seen) == 3
        assert len(plans.leave(session, first, "one", do=True)) == 3
        session.commit()
    assert loads(clean) == {None: 3}
    assert desk.get(f"/v1/assignments/{GROUP}", headers=bearer(manager)).json()["unassigned"] == 3


MANY = """
insert into review."case" (id, application_id, procedure_id, procedure_version, receipt_number, arrival_number, arrived_at,
  applicant, contact, contact_hash, answers, duplicates, "group", official_id, official_name, state, version, reasons)
select gen_random_uuid(), gen_random_uuid(), procedure_id, procedure_version, 'R', 'A' || n, arrived_at,
  applicant || jsonb_build_object('corporate_number', (n % 10)::text), contact, contact_hash, answers, duplicates, "group",
  :first, 'o0', 'open', 1, ''
from review."case", generate_series(1, 999) n
"""
CONFLICT = """
insert into review.conflict (id, account_id, kind, party, reason, declared_by, declared_by_name)
values (gen_random_uuid(), :who, 'corporate-number', '3', '', :who, '')
"""
ABSENCE = """
insert into review.absence (id, account_id, starts_on, ends_on, deputy_name, noted_by)
values (gen_random_uuid(), :who, '2020-01-01', '2100-01-01', '', :who)
"""
CONFLICTED = """select count(*) from review."case" where official_id = :who and applicant ->> 'corporate_number' = '3'"""


def test_a_thousand_cases_on_seven_officials_of_whom_one_is_away_and_one_has_a_conflict(clean: Site) -> None:
    accounts = [an_official(clean, f"o{number}")[1] for number in range(7)]
    manager, _ = an_official(clean, "manager", "manager")
    opens(clean, in_prefecture("27"))
    clean.run(MANY, first=accounts[0])
    clean.run(CONFLICT, who=accounts[1])
    clean.run(ABSENCE, who=accounts[6])
    with clean.session("review") as session:
        caller = Callers().by_key(session, manager)
        assert caller
        acts(session, caller)
        seen = plans.plan(session, caller, "rebalance", GROUP)
        plans.carry_out(session, caller, "rebalance", GROUP, token=seen.token)
        session.commit()
    found = loads(clean)
    there = [found[one] for one in accounts[:6]]
    assert sum(there) + found[accounts[6]] == 1000
    assert max(there) - min(there) == 1
    assert found[accounts[6]] <= 1  # what he had before he went
    assert clean.value(CONFLICTED, who=accounts[1]) == 0


def test_an_operator_closes_an_account_and_its_cases_go_to_others(clean: Site, tmp_path: Path) -> None:
    key, first = an_official(clean, "one")
    opens(clean, *(in_prefecture("27") for _ in range(2)))
    _, second = an_official(clean, "two")

    def madoguchi(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["people", "leave", *arguments, "--home", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "2 cases would go to others" in madoguchi("one@example.go.jp", "--preview")
    assert loads(clean) == {first: 2}
    assert "one@example.go.jp left; 2 cases went to others" in madoguchi("one@example.go.jp")
    assert loads(clean) == {second: 2}
    with clean.session("review") as session:
        assert Callers().by_key(session, key) is None
    assert CliRunner().invoke(app, ["people", "leave", "nobody@example.go.jp", "--home", str(tmp_path)]).exit_code == 1
