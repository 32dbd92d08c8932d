"""The public counts: each event counts once, whoever asks needs no key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

from fastapi.testclient import TestClient

from shared.bus.deliver import deliver
from shared.events import ApplicationFiled, ApplicationReturned, CaseDecided, Contact, Event, ProcedureRef
from tests.bus.parts import announce, arrived
from tests.site import DENKI, KOEN, Site

REF = ProcedureRef(id=KOEN, version=1)
CONTACT = Contact(name="x", email="a@example.com")
COUNTS = ("filed", "arrived", "returned", "approved", "refused", "accepted", "withdrawn")


def filed() -> ApplicationFiled:
    return ApplicationFiled(subject=str(uuid4()), sequence=1, receipt_number="R1", procedure=REF)


def decided(decision: str) -> CaseDecided:
    return CaseDecided(
        subject=str(uuid4()),
        sequence=2,
        case_id=uuid4(),
        arrival_number="A1",
        procedure=REF,
        contact=CONTACT,
        decision=decision,
        decided_at=datetime.now(UTC),
    )


def returned() -> ApplicationReturned:
    return ApplicationReturned(subject=str(uuid4()), sequence=2, receipt_number="R1", procedure=REF, contact=CONTACT, mends=[])


def hears(site: Site, *events: Event) -> None:
    from services.opendata.tasks import work

    ids = [event_id for event in events for event_id in announce(site, event, service=event.source)]
    assert deliver(work.post, ids) == len(events)
    assert deliver(work.post, ids) == 0  # the bell rings again


def counts(window: TestClient, procedure: str = KOEN) -> dict[str, int]:
    (row,) = [row for row in window.get("/v1/statistics/procedures").json() if row["id"] == procedure]
    return {kind: row[kind] for kind in COUNTS}


def test_every_kind_of_event_is_counted_once(clean: Site, window: TestClient) -> None:
    hears(clean, filed(), filed(), filed(), arrived(), arrived(), returned(), decided("approve"), decided("refuse"))
    expected = {"filed": 3, "arrived": 2, "returned": 1, "approved": 1, "refused": 1, "accepted": 0, "withdrawn": 0}
    assert counts(window) == expected
    hears(clean, decided("accept"), filed())
    assert counts(window) == {**expected, "accepted": 1, "filed": 4}


def test_a_procedure_without_applications_counts_zero(clean: Site, window: TestClient) -> None:
    assert clean.broker_url
    assert counts(window, DENKI) == dict.fromkeys(COUNTS, 0)


def test_workers_that_count_at_the_same_time_lose_nothing(clean: Site, window: TestClient) -> None:
    from services.opendata.tasks import work

    ids = announce(clean, *(filed() for _ in range(200)))
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda start: deliver(work.post, ids[start : start + 20]), range(0, 200, 20)))
    assert counts(window)["filed"] == 200


def test_everybody_may_look_in_both_languages(clean: Site, window: TestClient) -> None:
    assert clean.broker_url
    for language, letters in (("ja", "後援名義の使用承認申請"), ("en", "Approval to use the ministry's name as a supporter")):
        answer = window.get("/v1/statistics/procedures", headers={"accept-language": language})
        assert answer.headers["cache-control"] == "public, max-age=2"
        assert letters in {row["title"] for row in answer.json()}


def test_no_name_of_anybody_is_published(clean: Site, window: TestClient) -> None:
    hears(clean, filed(), arrived(), decided("approve"))
    answer = window.get("/v1/statistics/procedures").json()
    assert {key for row in answer for key in row} == {"id", "title", *COUNTS}
