"""Publishing belongs to the caller's transaction."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from shared.bus.bell import Bell
from shared.bus.publish import publish
from shared.events import SUBSCRIBERS, ApplicationArrived
from shared.telemetry import tracer_of
from tests.bus.conftest import settle
from tests.bus.parts import announce, arrived, ids_in
from tests.site import Site, eventually


def test_an_event_is_written_with_one_delivery_for_each_subscriber(clean: Site) -> None:
    event = arrived()
    announce(clean, event)
    row = clean.rows("select * from bus.event")[0]
    assert (row["id"], row["type"], row["source"], row["subject"], row["sequence"]) == (
        event.id,
        "application.arrived.v1",
        "intake",
        event.subject,
        1,
    )
    assert ApplicationArrived(**row["data"], id=row["id"], subject=row["subject"], sequence=1, time=row["time"]) == event
    told = clean.rows("select subscriber, service, ordered, state from bus.delivery order by subscriber")
    assert [(one["subscriber"], one["ordered"]) for one in told] == sorted(
        (subscriber.name, subscriber.ordered) for subscriber in SUBSCRIBERS[event.type]
    )
    assert {one["state"] for one in told} == {"waiting"}
    assert all(one["subscriber"].startswith(f"{one['service']}.") for one in told)


def test_the_bell_rings_each_service_once_with_the_ids_after_the_commit(clean: Site, bell: Bell) -> None:
    event = arrived()
    with clean.session("intake") as session:
        publish(session, event)
        settle(clean, bell)
        assert clean.broker.llen("review") == 0  # not committed: nobody may look yet
        session.commit()
    for service in ("review", "notify", "opendata"):
        assert eventually(lambda service=service: ids_in(clean, service)) == [[str(event.id)]]  # type: ignore[misc]


def test_a_rollback_leaves_no_event_no_delivery_and_no_ring(clean: Site, bell: Bell) -> None:
    with clean.session("intake") as session:
        publish(session, arrived())
        session.rollback()
        session.commit()
    settle(clean, bell)
    assert clean.value("select count(*) from bus.event") == clean.value("select count(*) from bus.delivery") == 0
    assert clean.broker.llen("review") == 0


def test_a_released_savepoint_rings_nothing_before_the_commit(clean: Site, bell: Bell) -> None:
    kept = arrived()
    with clean.session("intake") as session:
        with session.begin_nested():
            publish(session, kept)
        settle(clean, bell)
        assert clean.broker.llen("review") == 0
        session.commit()
    assert eventually(lambda: ids_in(clean, "review")) == [[str(kept.id)]]


def test_a_savepoint_rolled_back_takes_its_own_event_along_and_no_other(clean: Site, bell: Bell) -> None:
    kept, dropped = arrived(), arrived()
    with clean.session("intake") as session:
        publish(session, kept)
        savepoint = session.begin_nested()
        publish(session, dropped)
        savepoint.rollback()
        session.commit()
    settle(clean, bell)
    assert clean.rows("select id from bus.event") == [{"id": kept.id}]
    assert str(kept.id) in ids_in(clean, "review")[0]


def test_the_same_number_of_a_subject_is_not_published_twice(clean: Site) -> None:
    first = arrived()
    announce(clean, first)
    with pytest.raises(IntegrityError):
        announce(clean, arrived(first.subject, 1))
    assert clean.value("select count(*) from bus.event") == 1


def test_the_trace_of_the_request_travels_in_the_event(clean: Site) -> None:
    span = tracer_of("intake").begin("filing", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    span.follow()
    trace = span.traceparent
    announce(clean, arrived())
    assert clean.value("select traceparent from bus.event") == trace
    assert trace.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
