"""A batch is previewed, started, and done once for each case, with the rights that whoever asked has at that moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from services.review.bulk import acts, jobs, working
from services.review.wall import AS_HOUSE
from shared.database import connect
from shared.storage import storage_at
from tests.review.bulk.parts import KINKI, Bulk, notifications, works
from tests.review.parts import an_arrival, case_of, decide, in_prefecture, opens
from tests.site import Site

ACCEPT = {"decision": "accept", "filter": {"state": "open"}}


@pytest.fixture
def bulk(desk: TestClient, clean: Site) -> Bulk:
    """An official of 近畿."""
    return Bulk(desk, clean)


def decided(site: Site) -> Counter[str]:
    rows = site.rows("select subject from bus.event where type = 'case.decided.v1'")
    return Counter(row["subject"] for row in rows)


def two_workers(site: Site) -> None:
    """Two processes' worth of workers, until nothing waits."""
    storage = storage_at(str(site.storage))

    def works_alone(_: int) -> None:
        engine = connect(SecretStr(site.url("madoguchi_review")), name="other-worker", pool=2, settings=AS_HOUSE)
        while working.work_some(engine, storage):
            pass
        engine.dispose()

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(works_alone, range(2)))
    works()


def test_nothing_is_decided_before_it_was_previewed_and_started(clean: Site, bulk: Bulk) -> None:
    good, mended, elsewhere = in_prefecture("27"), in_prefecture("27"), in_prefecture("01")
    opens(clean, good, mended, elsewhere)
    clean.run("""update review."case" set state = 'correcting' where application_id = :id""", id=mended.subject)
    ids = [str(case_of(clean, one)["id"]) for one in (good, mended, elsewhere)]
    job = bulk.asks("/decisions", decision="accept", case_ids=ids)
    shown = bulk.does("GET", f"/{job}")
    assert (shown["state"], shown["cases"]["can"], shown["cases"]["cannot"]) == ("ready", 1, 2)
    assert sorted(bulk.says(job, "cannot")) == sorted(
        ["申請者が補正をしています。提出を待つか、先に補正を終えてください", "担当部署の案件ではありません"]
    )
    assert decided(clean) == {}
    done = bulk.starts(job)
    assert (done["state"], done["cases"]["done"], done["cases"]["cannot"]) == ("done", 1, 2)
    assert decided(clean) == {good.subject: 1}
    assert clean.value("select count(*) from review.audit_entry where act = 'case.decide'") == 1


def test_what_changed_since_the_preview_is_said_for_each_case(clean: Site, desk: TestClient, bulk: Bulk) -> None:
    first, second, third = notifications(clean, 3)
    job = bulk.asks("/decisions", **ACCEPT)
    assert decide(desk, bulk.key, case_of(clean, first)["id"], "accept").status_code == 200
    clean.run("""update review."case" set revision = 2 where application_id = :id""", id=second.subject)
    done = bulk.starts(job)
    assert (done["cases"]["done"], done["cases"]["failed"]) == (1, 2)
    assert len(set(bulk.says(job, "failed"))) == 2
    assert decided(clean) == {first.subject: 1, third.subject: 1}


def test_duties_that_ended_meanwhile_count(clean: Site, bulk: Bulk) -> None:
    notifications(clean, 2)
    job = bulk.asks("/decisions", **ACCEPT)
    clean.run("delete from identity.duty")
    assert bulk.starts(job)["cases"]["failed"] == 2
    other = bulk.asks("/decisions", decision="accept", case_ids=[str(uuid4())])
    clean.run("update identity.account set disabled_at = now() where id = :id", id=clean.account(bulk.email).id)
    clean.run("update review.job set state = 'running' where id = cast(:id as uuid)", id=other)
    works()
    assert clean.value("select state from review.job where id = cast(:id as uuid)", id=other) == "done"
    assert decided(clean) == {}


def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(
    clean: Site, bulk: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifications(clean, 5)
    job = bulk.asks("/decisions", **ACCEPT)
    bulk.does("POST", f"/{job}/start")
    monkeypatch.setattr(working, "PIECE", 3)
    act, calls = acts.act, 0

    def dies(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        act(*arguments)
        if calls == 5:  # the second case of the second piece
            raise OperationalError("killed", {}, Exception())

    monkeypatch.setattr(acts, "act", dies)
    with pytest.raises(OperationalError):
        works()
    assert sorted(decided(clean).values()) == [1, 1, 1]
    assert clean.value("select count(*) from review.job_item where state = 'done'") == 3
    works()
    assert sorted(decided(clean).values()) == [1] * 5
    assert bulk.does("GET", f"/{job}")["state"] == "done"


def test_a_case_that_fails_for_no_foreseen_reason_does_not_stop_the_others(
    clean: Site, bulk: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifications(clean, 3)
    job = bulk.asks("/decisions", **ACCEPT)
    act = acts.act
    broken = clean.value("select case_id from review.job_item where number = 2")

    def fails(session: Any, caller: Any, job: Any, case_id: Any, rests_on: Any) -> None:
        act(session, caller, job, case_id, rests_on)
        if case_id == broken:
            raise ZeroDivisionError

    monkeypatch.setattr(acts, "act", fails)
    done = bulk.starts(job)
    assert (done["cases"]["done"], done["cases"]["failed"]) == (2, 1)
    assert sum(decided(clean).values()) == 2


def test_two_workers_do_each_case_once(clean: Site, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    notifications(clean, 12)
    monkeypatch.setattr(working, "PIECE", 2)
    first = bulk.does("POST", "/decisions", ACCEPT)["id"]
    second = bulk.does("POST", "/decisions", ACCEPT)["id"]
    two_workers(clean)
    for job in (first, second):
        bulk.does("POST", f"/{job}/start")
    two_workers(clean)
    assert sorted(decided(clean).values()) == [1] * 12
    tallies = [bulk.does("GET", f"/{job}")["cases"] for job in (first, second)]
    assert sum(one["done"] for one in tallies) == sum(one["failed"] for one in tallies) == 12


def test_cases_are_given_to_an_official_who_may_have_them(clean: Site, bulk: Bulk) -> None:
    clean.a_reviewer("hokkaido-bureau", email="north@example.go.jp")
    clean.a_reviewer(KINKI, email="colleague@example.go.jp", name="同僚 花子", duties=("examiner",))
    notifications(clean, 4)
    north, colleague = (clean.account(f"{one}@example.go.jp").id for one in ("north", "colleague"))
    wrong = bulk.asks("/assignments", official=str(north), filter={"state": "open"})
    assert bulk.does("GET", f"/{wrong}")["cases"]["cannot"] == 4
    job = bulk.asks("/assignments", official=str(colleague), filter={"mine": True}, note="休暇のため")
    mine = bulk.does("GET", f"/{job}")["cases"]["can"]
    assert 0 < mine == bulk.starts(job)["cases"]["done"]
    assert clean.value('select count(*) from review."case" where official_id = :id', id=colleague) == 4


def test_too_many_cases_none_and_too_many_jobs_are_refused(clean: Site, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    notifications(clean, 3)
    assert bulk.send("POST", "/decisions", {"decision": "accept", "filter": {"state": "decided"}}).status_code == 422
    assert bulk.send("POST", "/decisions", {"decision": "accept"}).status_code == 422
    monkeypatch.setattr(jobs, "MOST_CASES", 2)
    refused = bulk.send("POST", "/decisions", ACCEPT)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/cases")
    monkeypatch.setattr(jobs, "MOST_CASES", 3)
    monkeypatch.setattr(jobs, "MOST_JOBS", 1)
    job = bulk.asks("/decisions", **ACCEPT)
    assert bulk.send("POST", "/decisions", ACCEPT).status_code == 409
    assert bulk.does("POST", f"/{job}/cancel")["state"] == "cancelled"
    assert bulk.send("POST", f"/{job}/start").status_code == bulk.send("POST", f"/{job}/cancel").status_code == 409
    assert bulk.asks("/decisions", **ACCEPT)


def test_a_job_is_seen_by_whoever_asked_for_it(clean: Site, desk: TestClient, bulk: Bulk) -> None:
    notifications(clean, 1)
    job = bulk.asks("/decisions", **ACCEPT)
    other = Bulk(desk, clean, email="other@example.go.jp")
    assert other.does("GET", "") == []
    for method, path in (("GET", ""), ("GET", "/items"), ("POST", "/start"), ("POST", "/cancel"), ("GET", "/files/1/content")):
        assert other.send(method, f"/{job}{path}").status_code == 404
    assert [one["id"] for one in bulk.does("GET", "")] == [job]


def test_what_is_proposed_is_approved_as_it_was_when_it_was_looked_at(clean: Site, desk: TestClient) -> None:
    head = Bulk(desk, clean, "public-relations", email="head@example.go.jp")
    event = an_arrival()
    opens(clean, event)
    case = case_of(clean, event)["id"]
    job = head.asks("/decisions", decision="as-proposed", case_ids=[str(case)])
    (why,) = head.says(job, "cannot")
    assert why
    directly = head.asks("/decisions", decision="approve", case_ids=[str(case)])
    assert head.says(directly, "cannot") != [why]
    assert decided(clean) == {}
