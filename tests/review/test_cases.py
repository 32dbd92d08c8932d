"""An application that arrives has one case, at the right office, with the official who has least to do."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from sqlalchemy import text

from services.review.cases.opening import open_case
from shared.bus.deliver import deliver
from shared.procedure.files import read
from shared.procedure.lint import lint
from shared.procedure.model import Procedure
from shared.procedure.rules import Routed, routed
from tests.bus.parts import announce
from tests.review.parts import CASES, an_arrival, case_of, decide, in_prefecture, opens
from tests.site import DENKI, PROCEDURES, Site, bearer, example


def officials(site: Site, count: int, group: str = "kinki-bureau") -> list[UUID]:
    """New officials of a group."""
    emails = [f"{group}-{number}@example.go.jp" for number in range(count)]
    for email in emails:
        site.a_reviewer(group, email=email, name=email)
    return [site.account(email).id for email in emails]


def loads(site: Site) -> Counter[UUID | None]:
    rows = site.rows('select official_id, count(*) as n from review."case" group by 1')
    return Counter({row["official_id"]: row["n"] for row in rows})


def test_a_case_is_opened_routed_and_announced(clean: Site) -> None:
    (official,) = officials(clean, 1, "public-relations")
    event = an_arrival()
    opens(clean, event)
    case = case_of(clean, event)
    assert (case["group"], case["official_id"], case["state"]) == ("public-relations", official, "open")
    assert case["answers"] == event.answers
    (told,) = clean.rows("select * from bus.event where type = 'case.opened.v1'")
    assert (told["subject"], told["sequence"]) == (event.subject, 1)
    assert (told["data"]["group_title"], told["data"]["official"]["id"]) == ("大臣官房広報室", str(official))


def test_an_application_has_one_case_whatever_is_delivered_twice(clean: Site) -> None:
    from services.review.tasks import work

    event = an_arrival()
    ids = opens(clean, event)
    for _ in range(3):  # the delivery is brought back, as if it had never been done
        clean.run("update bus.delivery set state = 'waiting', due = now() where subscriber = 'review.open_case'")
        assert deliver(work.post, ids) == 1
    with clean.session("review") as session:
        open_case(session, [event, event])
        session.commit()
    assert case_of(clean, event)
    assert clean.value("select count(*) from bus.event where type = 'case.opened.v1'") == 1


def test_two_workers_with_the_same_arrivals_open_each_case_once(clean: Site) -> None:
    from services.review.tasks import work

    officials(clean, 2)
    ids = announce(clean, *(in_prefecture("27") for _ in range(40)))
    with ThreadPoolExecutor(2) as workers:
        handled = sum(workers.map(lambda _: deliver(work.post, ids), range(2)))
    assert handled == clean.value('select count(*) from review."case"') == 40


def test_cases_are_shared_out_evenly_within_a_batch(clean: Site) -> None:
    three = officials(clean, 3)
    opens(clean, *(in_prefecture("27") for _ in range(9)))
    assert loads(clean) == dict.fromkeys(three, 3)


def test_two_batches_at_the_same_time_see_each_others_cases(clean: Site) -> None:
    from services.review.tasks import work

    four = officials(clean, 4)
    ids = announce(clean, *(in_prefecture("27") for _ in range(40)))
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda part: deliver(work.post, part), [ids[:20], ids[20:]]))
    assert loads(clean) == dict.fromkeys(four, 10)


def test_whoever_has_fewer_open_cases_gets_the_next_and_decided_ones_weigh_nothing(clean: Site, desk: TestClient) -> None:
    busy, idle = officials(clean, 2)
    key = clean.a_reviewer("kinki-bureau", email="chief@example.go.jp")
    clean.run(
        "update identity.membership set takes_cases = false where account_id = :id", id=clean.account("chief@example.go.jp").id
    )
    opens(clean, *(in_prefecture("27") for _ in range(4)))
    for row in clean.rows('select id from review."case" where official_id = :id', id=idle):
        assert decide(desk, key, row["id"], "accept").status_code == 200
    opens(clean, in_prefecture("27"), in_prefecture("27"))
    assert loads(clean) == {busy: 2, idle: 4}


def test_who_takes_no_cases_or_was_disabled_gets_none(clean: Site) -> None:
    away, disabled, there = officials(clean, 3)
    clean.run("update identity.membership set takes_cases = false where account_id = :id", id=away)
    clean.run("update identity.account set disabled_at = now() where id = :id", id=disabled)
    opens(clean, *(in_prefecture("27") for _ in range(3)))
    assert loads(clean) == {there: 3}


def test_a_case_of_a_group_without_officials_waits_there(clean: Site) -> None:
    officials(clean, 1)
    event = in_prefecture("47")
    opens(clean, event)
    case = case_of(clean, event)
    assert (case["group"], case["official_id"], case["official_name"]) == ("okinawa-office", None, "")


def test_an_official_of_two_groups_has_one_load(clean: Site) -> None:
    clean.a_reviewer("kinki-bureau", "okinawa-office", email="both@example.go.jp", name="両方")
    both = clean.account("both@example.go.jp").id
    (kinki,) = officials(clean, 1)
    opens(clean, in_prefecture("47"), in_prefecture("47"), in_prefecture("27"), in_prefecture("27"))
    assert loads(clean) == {both: 2, kinki: 2}


def test_an_arrival_of_a_procedure_not_heard_of_yet_waits(clean: Site) -> None:
    from services.review.tasks import work

    event = an_arrival()
    ids = announce(clean, event.model_copy(update={"procedure": event.procedure.model_copy(update={"version": 99})}))
    assert deliver(work.post, ids) == 0
    assert clean.value("select error from bus.delivery where subscriber = 'review.open_case'").startswith("LookupError")


def test_an_official_sees_the_cases_of_his_groups_only(clean: Site, desk: TestClient) -> None:
    kinki = clean.a_reviewer("kinki-bureau")
    hokkaido = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    south, north = in_prefecture("27"), in_prefecture("01")
    opens(clean, south, north)
    (mine,) = desk.get(CASES, headers=bearer(kinki)).json()
    assert mine["application_id"] == south.subject
    other = case_of(clean, north)["id"]
    assert desk.get(f"{CASES}/{mine['id']}", headers=bearer(kinki)).json()["answers"] == south.answers
    hidden, unknown = (desk.get(f"{CASES}/{one}", headers=bearer(kinki)) for one in (other, uuid4()))
    assert (hidden.status_code, hidden.json()["type"]) == (unknown.status_code, unknown.json()["type"])
    assert hidden.status_code == decide(desk, kinki, other, "accept").status_code == 404
    assert [row["id"] for row in desk.get(CASES, headers=bearer(hokkaido)).json()] == [str(other)]


def test_who_leaves_a_group_no_longer_sees_its_cases(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau")
    opens(clean, in_prefecture("27"))
    assert len(desk.get(CASES, headers=bearer(key)).json()) == 1
    clean.run("delete from identity.membership")
    assert desk.get(CASES, headers=bearer(key)).json() == []


def test_only_reviewers_come_to_the_desk(clean: Site, desk: TestClient) -> None:
    for key in (clean.an_applicant(), clean.an_operator()):
        assert desk.get(CASES, headers=bearer(key)).status_code == 403
    assert desk.get(CASES).status_code == 401


def test_the_list_is_filtered_and_paged_newest_first(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau")
    clean.a_reviewer("kinki-bureau", email="other@example.go.jp")
    events = [in_prefecture("27") for _ in range(6)]
    opens(clean, *events)
    every = desk.get(CASES, headers=bearer(key)).json()
    assert [row["id"] for row in every] == sorted((row["id"] for row in every), reverse=True)

    def listed(**query: object) -> list[str]:
        return [row["id"] for row in desk.get(CASES, params=query, headers=bearer(key)).json()]

    assert listed(limit=4) + listed(limit=4, before=every[3]["id"]) == [row["id"] for row in every]
    assert len(listed(mine=True)) == 3
    assert len(listed(application_id=events[0].subject)) == 1
    decide(desk, key, every[0]["id"], "accept")
    assert listed(state="decided") == [every[0]["id"]]
    assert len(listed(state="open")) == 5


def test_the_desk_cannot_be_deadlocked_by_batches_over_the_same_groups(clean: Site) -> None:
    from services.review.tasks import work

    for group in ("kinki-bureau", "okinawa-office", "hokkaido-bureau"):
        officials(clean, 1, group)
    parts = [announce(clean, *(in_prefecture(code) for code in codes * 5)) for codes in (("27", "47", "01"), ("01", "47", "27"))]
    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(lambda part: deliver(work.post, part), parts)) == 30
    with clean.session("review") as session:
        assert session.scalar(text("select count(*) from bus.delivery where error is not null")) == 0


def test_why_a_case_lies_where_it_lies_is_kept_with_it(clean: Site) -> None:
    one, _ = officials(clean, 2)
    clean.run("update identity.membership set takes_cases = false where account_id = :id", id=one)
    opens(clean, in_prefecture("27"))
    event = in_prefecture("27")
    opens(clean, event)
    case = case_of(clean, event)
    assert case["assigned_because"] == {
        "how": "rules", "route": 0, "skills": [], "skilled": True, "candidates": 1, "load": 1,
    }  # fmt: skip
    (first,) = clean.rows("select * from review.assignment where case_id = :id", id=case["id"])
    assert (first["from_id"], first["to_id"], first["by_id"], first["how"]) == (None, case["official_id"], None, "rules")


def test_nobody_is_given_or_sees_a_case_of_his_own_or_of_a_party_in_conflict(clean: Site, desk: TestClient) -> None:
    keys = [clean.a_reviewer("kinki-bureau", email=f"o{number}@example.go.jp") for number in range(3)]
    first, second, third = (clean.account(f"o{number}@example.go.jp").id for number in range(3))
    own = in_prefecture("27")
    own = own.model_copy(update={"contact": own.contact.model_copy(update={"email": "O0@Example.go.jp"})})
    firm = in_prefecture("27")
    firm = firm.model_copy(update={"applicant": firm.applicant.model_copy(update={"corporate_number": "5010401067252"})})
    clean.run(
        "insert into review.conflict (id, account_id, kind, party, reason, declared_by, declared_by_name) "
        "values (gen_random_uuid(), :id, 'corporate-number', '5010401067252', '親族', :id, 'x')",
        id=second,
    )
    opens(clean, *(event.model_copy(update={"subject": str(uuid4()), "id": uuid4()}) for event in [own, firm] * 6))
    rows = clean.rows("""select id, official_id, contact from review."case" """)
    rows = [row | {"own": row["contact"]["email"] == "O0@Example.go.jp"} for row in rows]
    assert {row["official_id"] for row in rows if row["own"]} == {second, third}
    assert {row["official_id"] for row in rows if not row["own"]} == {first, third}
    shown = [len(desk.get(CASES, headers=bearer(key)).json()) for key in keys]
    assert shown == [6, 6, 12]
    hidden = next(row["id"] for row in rows if row["own"])
    assert desk.get(f"{CASES}/{hidden}", headers=bearer(keys[0])).status_code == 404
    assert desk.get(f"{CASES}/{hidden}", headers=bearer(keys[1])).status_code == 200


def test_whoever_is_away_is_given_nothing_today(clean: Site) -> None:
    away, there = officials(clean, 2)
    clean.run(
        "insert into review.absence (id, account_id, starts_on, ends_on, deputy_name, noted_by) "
        "select gen_random_uuid(), :id, d, d, '', :id from (select (now() at time zone 'Asia/Tokyo')::date as d) as this",
        id=away,
    )
    opens(clean, *(in_prefecture("27") for _ in range(3)))
    assert loads(clean) == {there: 3}


def test_a_route_may_look_at_the_applicant() -> None:
    definition = read(PROCEDURES / f"{DENKI}.yaml").definition()
    wanted = {"when": "applicant.kind == 'ministry' && !applicant.verified", "to": "okinawa-office", "skills": ["tax"]}
    definition["review"]["route"].insert(0, wanted)
    procedure = Procedure.model_validate(definition)
    assert [found for found in lint(procedure) if found.level == "error"] == []
    answers = example(DENKI)["answers"]
    today = date(2026, 11, 25)
    inside = {"kind": "ministry", "name": "課", "verified": False, "corporate_number": "", "by_agent": False}
    assert routed(procedure, answers, today=today, applicant=inside) == Routed("okinawa-office", 0, ("tax",))
    for other in (None, inside | {"verified": True}):
        assert routed(procedure, answers, today=today, applicant=other).rule == 1
