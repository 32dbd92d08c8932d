"""The events of one subject are heard one after the other, by subscribers that care."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from sqlmodel import Session

from shared.bus.deliver import MAX_ATTEMPTS, Post, deliver
from tests.bus.parts import Listener, announce, arrived, delivery, effects, make_due, states
from tests.site import Site


def test_two_events_of_a_subject_in_one_ring_are_heard_in_their_order(clean: Site, listener: Listener) -> None:
    first = arrived()
    second, third = arrived(first.subject, 2), arrived(first.subject, 3)
    ids = announce(clean, third, first, second)
    assert listener.takes(ids) == 3
    assert effects(clean) == [(first.subject, 1), (first.subject, 2), (first.subject, 3)]
    assert len(listener.calls) == 3  # never two of a subject in one batch


def test_a_later_event_waits_for_the_earlier_one_and_then_follows_without_a_ring(clean: Site, listener: Listener) -> None:
    first = arrived()
    second = arrived(first.subject, 2)
    ids = announce(clean, first, second)
    assert listener.takes([ids[1]]) == 0
    assert effects(clean) == []
    assert listener.takes([ids[0]]) == 2
    assert effects(clean) == [(first.subject, 1), (first.subject, 2)]


def test_other_subjects_do_not_wait(clean: Site, listener: Listener) -> None:
    blocked = [arrived(do="fail")]
    blocked.append(arrived(blocked[0].subject, 2))
    free = arrived()
    ids = announce(clean, *blocked, free)
    assert listener.takes(ids) == 1
    assert effects(clean) == [(free.subject, 1)]


def test_an_event_of_another_source_about_the_same_subject_does_not_wait(clean: Site, listener: Listener) -> None:
    subject = str(uuid4())
    ids = announce(clean, arrived(subject, do="fail"))
    clean.run("update bus.event set source = 'review' where id = :id", id=ids[0])
    clean.run("update bus.delivery set source = 'review' where event_id = :id", id=ids[0])
    other = announce(clean, arrived(subject, 2))
    assert listener.takes([*ids, *other]) == 1
    assert effects(clean) == [(subject, 2)]


def test_a_dead_predecessor_blocks_its_subject_until_somebody_looks(clean: Site, listener: Listener) -> None:
    first = arrived(do="fail")
    second = arrived(first.subject, 2)
    ids = announce(clean, first, second)
    for _ in range(MAX_ATTEMPTS):
        make_due(clean)
        listener.takes(ids)
    assert states(clean) == {"dead": 1, "waiting": 1}
    make_due(clean)
    assert listener.takes(ids) == 0
    assert delivery(clean, ids[1])["attempts"] == 0
    assert effects(clean) == []


def test_a_subscriber_that_does_not_care_about_order_hears_the_later_one_first(clean: Site) -> None:
    heard: list[int] = []

    def count(_session: Session, events: list) -> None:  # type: ignore[type-arg]
        heard.extend(event.sequence for event in events)

    with clean.session("opendata") as session:
        engine = session.get_bind()
    post = Post("opendata", engine, {"count": count, "keep_procedure": count, "hear_canary": count})  # type: ignore[arg-type]
    first = arrived()
    ids = announce(clean, first, arrived(first.subject, 2))
    assert deliver(post, [ids[1]]) == 1
    assert deliver(post, [ids[0]]) == 1
    assert heard == [2, 1]


def test_many_workers_at_once_keep_the_order_and_hear_each_event_once(clean: Site, listener: Listener) -> None:
    subjects = [str(uuid4()) for _ in range(10)]
    ids = announce(clean, *(arrived(subject, number) for number in range(1, 6) for subject in subjects))
    with ThreadPoolExecutor(4) as workers:
        handled = sum(workers.map(lambda _: listener.takes(ids), range(12)))
    handled += listener.takes(ids)
    found = effects(clean)
    assert handled == len(found) == 50
    for subject in subjects:
        assert [sequence for one, sequence in found if one == subject] == [1, 2, 3, 4, 5]


def test_the_same_ring_fifty_times_has_one_effect(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived())
    assert [listener.takes(ids) for _ in range(50)] == [1] + [0] * 49
    assert len(effects(clean)) == 1
