"""One bad event harms no other; what fails for good waits for an operator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from shared.bus import deadletters
from shared.bus.deliver import BACKOFF, MAX_ATTEMPTS, Post
from shared.operation.acts import Operator
from shared.problems import Invalid, NotFound
from tests.bus.parts import SECRET, Listener, announce, arrived, delivery, effects, make_due, purge, states
from tests.site import Site

ANYBODY = Operator(None, "somebody")


def wear_out(site: Site, listener: Listener, ids: list) -> None:  # type: ignore[type-arg]
    for _ in range(MAX_ATTEMPTS):
        make_due(site)
        listener.takes(ids)


def test_ninety_nine_of_a_hundred_pass_and_the_bad_one_waits(clean: Site, listener: Listener) -> None:
    events = [arrived(do="fail" if number == 50 else "") for number in range(100)]
    ids = announce(clean, *events)
    assert listener.takes(ids) == 99
    assert sorted(effects(clean)) == sorted((event.subject, 1) for event in events if event is not events[50])
    assert states(clean) == {"done": 99, "waiting": 1}
    assert [len(call) for call in listener.calls] == [100] + [1] * 100  # all at once, then one by one


def test_a_failed_delivery_waits_longer_each_time_and_dies_after_the_last_attempt(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"))
    for attempt, wait in enumerate(BACKOFF, start=1):
        assert listener.takes(ids) == 0
        row = delivery(clean, ids[0])
        left = clean.value(
            "select extract(epoch from due - now()) from bus.delivery where event_id = :id and state <> 'done'"
            " and subscriber = 'review.open_case'",
            id=ids[0],
        )
        assert (row["state"], row["attempts"]) == ("waiting", attempt)
        assert wait * 0.5 - 2 < left <= wait * 1.5
        assert listener.takes(ids) == 0  # not due: not even tried
        assert delivery(clean, ids[0])["attempts"] == attempt
        make_due(clean)
    listener.takes(ids)
    assert (delivery(clean, ids[0])["state"], delivery(clean, ids[0])["attempts"]) == ("dead", MAX_ATTEMPTS)
    assert effects(clean) == []


def test_the_noted_error_says_kind_and_place_but_not_what_was_filed(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"))
    listener.takes(ids)
    error = delivery(clean, ids[0])["error"]
    assert error.startswith("ValueError")
    assert SECRET not in error


def test_an_event_that_does_not_fit_its_contract_fails_alone(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(), arrived())
    clean.run("""update bus.event set data = '{"answers": {}}' where id = :id""", id=ids[0])
    assert listener.takes(ids) == 1
    row = delivery(clean, ids[0])
    assert row["state"] == "waiting"
    assert "application.arrived.v1 does not fit its contract" in row["error"]
    assert "receipt_number: missing" in row["error"]


def test_an_event_of_an_unknown_type_fails_alone(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(), arrived())
    clean.run("update bus.event set type = 'application.sold.v9' where id = :id", id=ids[0])
    assert listener.takes(ids) == 1
    assert delivery(clean, ids[0])["error"] == "no contract is known for application.sold.v9"


def test_a_handler_that_breaks_a_rule_of_the_database_leaves_the_others_whole(clean: Site, listener: Listener) -> None:
    clean.run("alter table review.effect add constraint poison check (sequence < 7)")
    ids = announce(clean, arrived(), arrived(sequence=7), arrived())
    assert listener.takes(ids) == 2
    assert states(clean) == {"done": 2, "waiting": 1}
    assert delivery(clean, ids[1])["error"].startswith("IntegrityError")


def test_a_lost_database_connection_counts_as_no_attempt(clean: Site, listener: Listener) -> None:
    def cut(session: Session, _events: list) -> None:  # type: ignore[type-arg]
        pid = session.scalar(text("select pg_backend_pid()"))
        clean.run("select pg_terminate_backend(:pid)", pid=pid)
        session.execute(text("select 1"))

    ids = announce(clean, arrived())
    cut_off = Listener(listener.url)
    cut_off.__dict__["post"] = Post("review", cut_off.engine, {"open_case": cut, "keep_procedure": cut, "hear_canary": cut})
    with pytest.raises(DBAPIError):
        cut_off.takes(ids)
    assert delivery(clean, ids[0])["attempts"] == 0
    assert listener.takes(ids) == 1


def test_a_dead_letter_is_listed_shown_and_replayed_with_its_id(clean: Site, listener: Listener) -> None:
    bad, good = arrived(do="fail"), arrived()
    ids = announce(clean, bad, good)
    wear_out(clean, listener, ids)
    with Session(clean.operator) as session:
        (letter,) = deadletters.listed(session)
        assert (letter["event_id"], letter["subscriber"], letter["attempts"]) == (ids[0], "review.open_case", MAX_ATTEMPTS)
        assert "data" not in letter
        assert deadletters.shown(session, ANYBODY, ids[0])[0]["data"]["answers"]["secret"] == SECRET
        with pytest.raises(NotFound):
            deadletters.shown(session, ANYBODY, ids[1])
        listener.broken = False  # the cause is mended
        assert deadletters.replay(session, ANYBODY, ids[0]) == [ids[0]]
        session.commit()
        assert deadletters.listed(session) == []
    assert delivery(clean, ids[0])["attempts"] == 0
    assert listener.takes(ids) == 1
    assert sorted(effects(clean)) == sorted([(bad.subject, 1), (good.subject, 1)])


def test_a_replay_touches_only_what_is_dead_and_only_the_subscriber_meant(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"), arrived())
    wear_out(clean, listener, ids)
    clean.run("update bus.delivery set state = 'dead' where subscriber = 'notify.tell' and event_id = :id", id=ids[0])
    with Session(clean.operator) as session:
        assert deadletters.replay(session, ANYBODY, subscriber="review.keep_procedure") == []
        assert deadletters.replay(session, ANYBODY, subscriber="notify.tell") == [ids[0]]
        session.commit()
    assert states(clean) == {"dead": 1, "done": 1}


def test_the_counts_tell_what_waits_what_is_dead_and_since_when(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"))
    wear_out(clean, listener, ids)
    announce(clean, arrived())
    clean.run("update bus.delivery set due = now() - interval '90 seconds' where state = 'waiting'")
    with Session(clean.operator) as session:
        counts = {row["subscriber"]: row for row in deadletters.waiting(session)}
    assert (counts["review.open_case"]["dead"], counts["review.open_case"]["waiting"]) == (1, 1)
    assert 89 < counts["review.open_case"]["oldest"] < 120


def test_a_dead_letter_that_is_discarded_lets_those_behind_it_go_and_is_purged_like_any(clean: Site, listener: Listener) -> None:
    bad = arrived(do="fail")
    ids = announce(clean, bad, arrived(subject=bad.subject, sequence=2))
    wear_out(clean, listener, ids)
    assert states(clean) == {"dead": 1, "waiting": 1}
    with Session(clean.operator) as session:
        with pytest.raises(Invalid):
            deadletters.discard(session, ANYBODY, ids[0], " ")
        assert deadletters.discard(session, ANYBODY, ids[0], "A duplicate of yesterday's") == ["review.open_case"]
        with pytest.raises(NotFound):
            deadletters.discard(session, ANYBODY, ids[0], "Again")
        session.commit()
    assert listener.takes(ids) == 1
    assert effects(clean) == [(bad.subject, 2)]
    (act,) = clean.rows("select * from operation.act")
    assert (act["act"], act["subject"], act["reason"]) == ("dead-letter.discarded", str(ids[0]), "A duplicate of yesterday's")
    clean.run("update bus.delivery set state = 'done' where state = 'waiting'")
    from services.intake.tasks import work

    assert purge(work.post, now=datetime.now(UTC) + timedelta(days=31)) == 2


def test_what_a_dead_letter_carries_is_edited_within_its_contract_and_its_subscriber_hears_the_new(
    clean: Site, listener: Listener
) -> None:
    ids = announce(clean, arrived(do="fail"), arrived())
    wear_out(clean, listener, ids)
    with Session(clean.operator) as session:
        data = deadletters.shown(session, ANYBODY, ids[0])[0]["data"]
        mended = json.dumps(data | {"answers": {"do": ""}})
        for wrong, place in (
            ("{", "/data"),
            ("[]", "/data"),
            (json.dumps(data | {"arrived_at": "soon"}), "/data/arrived_at"),
            (json.dumps(data | {"answer": {}}), "/data/answer"),
            (json.dumps(data | {"sequence": 7}), "/data/sequence"),
        ):
            with pytest.raises(Invalid) as refused:
                deadletters.edit(session, ANYBODY, ids[0], wrong, "Mended")
            assert [error.pointer for error in refused.value.errors] == [place]
        with pytest.raises(NotFound):  # it was heard
            deadletters.edit(session, ANYBODY, ids[1], mended, "Mended")
        deadletters.edit(session, ANYBODY, ids[0], mended, "Mended")
        deadletters.replay(session, ANYBODY, ids[0])
        session.commit()
    assert listener.takes(ids) == 1
    edited = clean.rows("select * from operation.act where act = 'dead-letter.edited'")[0]
    assert SECRET not in str(edited)
    assert edited["details"]["before"] != edited["details"]["after"]


def test_operators_cannot_change_an_event_that_is_not_dead_to_anybody(clean: Site) -> None:
    announce(clean, arrived())
    with Session(clean.operator) as session:
        assert session.execute(text("update bus.event set data = '{}' returning id")).all() == []
