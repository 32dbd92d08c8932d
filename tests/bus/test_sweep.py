"""The sweeper rings again for what nobody answered; retention forgets what everybody has heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.bus.bell import IDS_A_RING
from shared.bus.deliver import Post
from shared.bus.sweep import LONG_LINE, in_rings, oldest_waiting, unanswered
from shared.events import Contact, SignInRequested
from tests.bus.parts import Listener, announce, arrived, delivery, make_due, purge
from tests.site import Site

KEEP = timedelta(days=30)


def test_a_fresh_delivery_is_left_to_its_own_bell(clean: Site, listener: Listener) -> None:
    announce(clean, arrived())
    assert unanswered(listener.post, line=0) == []


def test_what_nobody_answered_is_rung_again_and_counted(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(), arrived())
    make_due(clean)
    assert sorted(unanswered(listener.post, line=0)) == sorted(ids)
    assert [delivery(clean, one)["unanswered"] for one in ids] == [1, 1]


def test_while_messages_wait_in_the_queue_a_ring_more_accuses_nobody(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived())
    make_due(clean)
    assert unanswered(listener.post, line=LONG_LINE) == ids
    assert delivery(clean, ids[0])["unanswered"] == 0


def test_a_long_line_is_not_made_longer(clean: Site, listener: Listener) -> None:
    announce(clean, arrived())
    make_due(clean)
    assert unanswered(listener.post, line=LONG_LINE + 1) == []


def test_what_a_worker_has_in_hand_is_not_rung_for(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived())
    make_due(clean)
    with clean.session("review") as worker:
        worker.execute(text("select from bus.delivery where event_id = :id for update"), {"id": ids[0]})
        assert unanswered(listener.post, line=0) == []
    assert unanswered(listener.post, line=0) == ids


def test_what_waits_for_an_earlier_event_is_not_rung_for(clean: Site, listener: Listener) -> None:
    first = arrived()
    ids = announce(clean, first, arrived(first.subject, 2))
    make_due(clean)
    assert unanswered(listener.post, line=0) == [ids[0]]


@pytest.mark.parametrize("state", ["done", "dead"])
def test_what_is_over_is_not_rung_for(clean: Site, listener: Listener, state: str) -> None:
    announce(clean, arrived())
    clean.run("update bus.delivery set state = :state, due = now() - interval '1 minute'", state=state)
    assert unanswered(listener.post, line=0) == []


def test_what_has_to_wait_for_its_next_attempt_is_not_rung_for(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"))
    listener.takes(ids)
    assert unanswered(listener.post, line=0) == []


def test_a_service_is_not_rung_for_what_others_have_to_do(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived())
    listener.takes(ids)
    make_due(clean)
    assert unanswered(listener.post, line=0) == []


def test_rings_are_of_a_size(clean: Site) -> None:
    assert clean.broker_url
    ids = [uuid4() for _ in range(600)]
    rings = list(in_rings(ids, IDS_A_RING))
    assert [len(ring) for ring in rings] == [256, 256, 88]
    assert [UUID(one) for ring in rings for one in ring] == ids


def an_old_event(site: Site, state: str = "done", *, age: timedelta = KEEP + timedelta(days=1)) -> UUID:
    event_id = announce(site, arrived(time=datetime.now(UTC) - age))[0]
    site.run("update bus.delivery set state = 'done' where event_id = :id", id=event_id)
    site.run("update bus.delivery set state = :state where event_id = :id and service = 'notify'", id=event_id, state=state)
    return event_id


def intake(site: Site) -> Post:
    from services.intake.tasks import work

    assert site.broker_url
    return work.post


def test_old_events_that_all_have_heard_are_purged_with_their_deliveries(clean: Site) -> None:
    an_old_event(clean)
    kept = an_old_event(clean, age=KEEP - timedelta(days=1))
    assert purge(intake(clean)) == 1
    assert clean.rows("select distinct event_id from bus.delivery") == [{"event_id": kept}]


@pytest.mark.parametrize("state", ["waiting", "dead"])
def test_an_event_that_somebody_has_not_heard_is_never_purged(clean: Site, state: str) -> None:
    an_old_event(clean, state)
    assert purge(intake(clean)) == 0
    assert clean.value("select count(*) from bus.event") == 1


def test_a_service_does_not_purge_the_events_of_others(clean: Site, listener: Listener) -> None:
    an_old_event(clean)
    assert purge(listener.post) == 0


@pytest.mark.parametrize(("state", "purged"), [("done", 1), ("waiting", 0), ("dead", 0)])
def test_the_post_purges_the_events_of_identity_which_has_no_worker(clean: Site, state: str, purged: int) -> None:
    from services.notify.tasks import work

    link = SignInRequested(
        subject=str(uuid4()),
        sequence=1,
        time=datetime.now(UTC) - KEEP - timedelta(days=1),
        link_id=uuid4(),
        path="/sign-in",
        contact=Contact(name="窓口 花子", email="a@example.com"),
        expires_at=datetime.now(UTC),
    )
    announce(clean, link)
    clean.run("update bus.delivery set state = :state", state=state)
    assert purge(intake(clean)) == 0
    assert purge(work.post) == purged


def test_the_age_of_the_oldest_waiting_delivery_is_known(clean: Site) -> None:
    with clean.session("review") as session:
        assert oldest_waiting(session, "review") == 0
        announce(clean, arrived(), arrived())
        make_due(clean, 42)
        session.rollback()
        assert 41 < oldest_waiting(session, "review") < 60
