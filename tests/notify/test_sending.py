"""Each message is handed over once; what nobody can know is held for an operator."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from deploy.one.ports import LOOPBACK, free_ports
from services.notify.channels.email.composing import Composer
from services.notify.channels.email.smtp import BACKOFF
from services.notify.sending.claims import LEASE_SECONDS
from services.notify.sending.sending import A_BATCH
from tests.notify.parts import make_due, message, send, sender_to, states, write_to
from tests.notify.smtp import Moody, moody_server
from tests.site import Site, eventually

Server = tuple[str, Moody]


@pytest.fixture
def server(clean: Site) -> Iterator[Server]:
    """A server with moods."""
    assert clean.broker_url
    with moody_server() as made:
        yield made


def test_many_messages_are_sent_over_in_batches_each_once(clean: Site, server: Server) -> None:
    url, moody = server
    emails = [f"a{number}@example.com" for number in range(A_BATCH + 10)]
    write_to(clean, *emails)
    assert send(url) == len(emails)
    assert sorted(to for to, _ in moody.taken) == sorted(emails)
    assert set(states(clean).values()) == {"sent"}
    assert send(url) == 0


def test_four_senders_at_once_send_nothing_twice(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, *(f"a{number}@example.com" for number in range(120)))
    with ThreadPoolExecutor(4) as senders:
        assert sum(senders.map(send, [url] * 4, [3] * 4)) == 120
    assert len(moody.taken) == len({to for to, _ in moody.taken}) == 120


OUTCOMES = [
    ("fine@example.com", "sent", "", 1),
    ("later@example.com", "deferred", "451 4.7.1 later", 0),
    ("later-with-text@example.com", "deferred", "452 4.3.1 full", 0),
    ("going-away@example.com", "deferred", "421 4.3.2 going away", 0),
    ("hang-up-early@example.com", "deferred", "the connection broke", 0),
    ("never@example.com", "failed", "550 5.1.1 never", 0),
    ("never-with-text@example.com", "failed", "554 5.7.1 no", 0),
    ("hang-up@example.com", "unknown", "the connection broke while the message was handed over", 1),
    ("窓口@example.com", "failed", "the mail cannot be made: ValueError", 0),
    ("nobody", "failed", "the mail cannot be made", 0),
]


@pytest.mark.parametrize(("email", "state", "error", "taken"), OUTCOMES)
def test_what_the_server_says_decides_and_the_others_are_sent_all_the_same(
    clean: Site, server: Server, *, email: str, state: str, error: str, taken: int
) -> None:
    url, moody = server
    write_to(clean, "before@example.com", email, "after@example.com")
    assert send(url) == (3 if state == "sent" else 2)
    row = message(clean, email)
    assert (row["state"], row["attempts"]) == (state, 1)
    assert (row["error"] or "").startswith(error)
    assert moody.count(email) == taken
    assert [moody.count(other) for other in ("before@example.com", "after@example.com")] == [1, 1]
    if state == "deferred":
        assert 3 < row["wait"] < 7
    make_due(clean)
    send(url)
    assert moody.count(email) == taken  # sent, unknown and failed: never again
    assert message(clean, email)["attempts"] == (2 if state == "deferred" else 1)


def test_a_refusal_for_now_is_tried_again_until_the_last_attempt(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, "later@example.com")
    for _ in range(len(BACKOFF) + 1 + 2):
        make_due(clean)
        send(url)
    assert len(moody.seen) == len(BACKOFF) + 1
    row = message(clean, "later@example.com")
    assert (row["state"], row["attempts"]) == ("failed", len(BACKOFF) + 1)


def test_without_a_server_all_messages_wait(clean: Site) -> None:
    write_to(clean, "a@example.com", "b@example.com")
    assert send(f"smtp://{LOOPBACK}:{free_ports(1)[0]}") == 0
    assert states(clean) == {"a@example.com": "deferred", "b@example.com": "created"}
    assert message(clean, "a@example.com")["error"] == "no connection: ConnectionRefusedError"


def test_what_a_dead_sender_had_in_hand_is_unknown_after_its_lease_and_never_sent(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, "a@example.com", "b@example.com")
    clean.run("update notify.message set state = 'sending', next_attempt_at = now() + interval '1 minute'")
    over = "update notify.message set next_attempt_at = now() - interval '1 second' where recipient_hash = :who"
    clean.run(over, who=clean.hash_of("a@example.com"))
    assert send(url) == 0
    assert states(clean) == {"a@example.com": "unknown", "b@example.com": "sending"}  # b's sender may be alive
    assert moody.taken == []


def test_what_a_dead_sender_had_only_claimed_is_sent_after_its_lease(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, "a@example.com")
    clean.run("update notify.message set next_attempt_at = now() + make_interval(secs => :lease)", lease=LEASE_SECONDS)
    assert send(url) == 0
    make_due(clean)
    assert send(url) == 1
    assert len(moody.taken) == 1


@pytest.mark.parametrize("meanwhile", ["sent", "sending", "failed", "unknown"])
def test_a_slow_sender_that_another_overtook_does_not_send(clean: Site, server: Server, meanwhile: str) -> None:
    url, moody = server
    moody.before_accepting = lambda _: clean.run("update notify.message set state = :state", state=meanwhile)
    write_to(clean, "a@example.com")
    assert send(url) == 0
    assert moody.taken == []
    assert states(clean) == {"a@example.com": meanwhile}


def test_a_slow_senders_refusal_does_not_bring_back_what_another_has_sent(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, "later@example.com")
    moody.before_refusing = lambda _: clean.run("update notify.message set state = 'sent', sent_at = now()")
    assert send(url) == 0
    assert states(clean) == {"later@example.com": "sent"}
    assert clean.rows("select * from notify.attempt") == []


def test_a_slow_server_holds_up_neither_the_others_nor_the_worker(clean: Site, server: Server) -> None:
    url, moody = server
    with sender_to(url, connections=3) as sender:
        write_to(clean, "tarpit-1@example.com", "tarpit-2@example.com", *(f"a{number}@example.com" for number in range(40)))
        assert sender.turn() is False
        eventually(lambda: len(moody.taken) == 40)
        write_to(clean, "later-written@example.com")
        sender.turn()
        eventually(lambda: len(moody.taken) == 41)
        moody.released.set()
        assert sender.settle() == 43


def test_a_connection_that_died_meanwhile_costs_no_message_a_try(clean: Site, server: Server) -> None:
    url, moody = server
    with sender_to(url) as sender:
        write_to(clean, "a@example.com")
        sender.turn()
        assert sender.settle() == 1
        moody.hang_up()
        write_to(clean, "b@example.com")
        sender.turn()
        assert sender.settle() == 1
    assert (message(clean, "b@example.com")["state"], message(clean, "b@example.com")["attempts"]) == ("sent", 1)
    assert moody.connections == 2


def test_what_came_of_messages_is_written_though_the_database_ended_the_connection(clean: Site, server: Server) -> None:
    url, moody = server
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'madoguchi-notify-worker'"
    moody.before_answering = lambda to: clean.run(cut) if to.startswith("cut") else None
    write_to(clean, *(f"a{number}@example.com" for number in range(20)), "cut-1@example.com", "cut-2@example.com")
    assert send(url, connections=4) == 22
    assert states(clean) == dict.fromkeys(states(clean), "sent")
    assert clean.value("select count(*) from notify.attempt where outcome = 'sent'") == 22
    assert len(moody.taken) == 22


def test_the_urgent_go_first(clean: Site, server: Server) -> None:
    url, moody = server
    write_to(clean, *(f"a{number}@example.com" for number in range(10)), "urgent@example.com")
    clean.run("update notify.message set urgent = true where recipient_hash = :who", who=clean.hash_of("urgent@example.com"))
    send(url)
    assert moody.taken[0][0] == "urgent@example.com"


def test_a_database_that_is_away_while_the_mail_is_made_fails_no_message(
    clean: Site, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object, __: object) -> bytes:
        raise OperationalError("select", {}, Exception("terminating connection"))

    url, moody = server
    write_to(clean, "a@example.com")
    monkeypatch.setattr(Composer, "written", away)
    assert send(url) == 0
    assert states(clean) == {"a@example.com": "deferred"}
    monkeypatch.undo()
    make_due(clean)
    assert send(url) == len(moody.taken) == 1
