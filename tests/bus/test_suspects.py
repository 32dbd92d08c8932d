"""A delivery that kills its worker is found, handled alone, counted, and dies at last."""

from __future__ import annotations

import signal
import subprocess
import sys
from uuid import UUID

from shared.bus.deliver import MAX_ATTEMPTS, SUSPECT_AFTER
from shared.bus.sweep import unanswered
from tests.bus.parts import Listener, announce, arrived, delivery, effects, make_due, states
from tests.site import Site


def a_worker_takes(listener: Listener, ids: list[UUID]) -> int:
    """Take `ids` in a process of its own; its exit code."""
    command = [sys.executable, "-m", "tests.bus.killed", listener.url, *map(str, ids)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def suspect(site: Site, listener: Listener) -> None:
    """Let the sweeper ring in vain until it suspects."""
    for _ in range(SUSPECT_AFTER):
        make_due(site)
        unanswered(listener.post, line=0)
    make_due(site)


def test_a_killer_in_a_batch_ends_alone_and_the_others_pass(clean: Site, listener: Listener) -> None:
    good, killer, last = arrived(), arrived(do="kill"), arrived()
    ids = announce(clean, good, killer, last)
    assert a_worker_takes(listener, ids) == -signal.SIGKILL
    assert effects(clean) == []  # the whole batch was undone
    assert [delivery(clean, one)["attempts"] for one in ids] == [0, 0, 0]

    suspect(clean, listener)
    assert a_worker_takes(listener, ids) == -signal.SIGKILL
    row = delivery(clean, ids[1])
    assert (row["state"], row["attempts"], row["error"]) == ("waiting", 1, "the worker died while handling it")
    clean.run("update bus.delivery set due = now() + interval '1 hour' where event_id = :id", id=ids[1])
    assert a_worker_takes(listener, ids) == 0
    assert effects(clean) == [(good.subject, 1), (last.subject, 1)]

    clean.run("update bus.delivery set attempts = :n where event_id = :id", n=MAX_ATTEMPTS - 1, id=ids[1])
    make_due(clean)
    assert a_worker_takes(listener, ids) == 0
    assert states(clean) == {"dead": 1, "done": 2}


def test_a_suspect_that_is_innocent_is_handled_once_and_counted_once(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(), arrived())
    suspect(clean, listener)
    assert listener.takes(ids) == 2
    assert [len(call) for call in listener.calls] == [1, 1]
    assert [delivery(clean, one)["attempts"] for one in ids] == [1, 1]
    assert listener.takes(ids) == 0


def test_a_suspect_that_merely_fails_is_counted_once_and_no_longer_suspected(clean: Site, listener: Listener) -> None:
    ids = announce(clean, arrived(do="fail"))
    suspect(clean, listener)
    assert listener.takes(ids) == 0
    row = delivery(clean, ids[0])
    assert (row["state"], row["attempts"], row["unanswered"]) == ("waiting", 1, 0)
    assert row["error"].startswith("ValueError")
