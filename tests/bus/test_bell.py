"""The bell carries ids and nothing else, gathers them, and never holds up or fails whoever rings."""

from __future__ import annotations

import base64
import json
import logging
import secrets
import signal
import socket
import time
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from pydantic import SecretStr

from deploy.one.ports import LOOPBACK, free_ports
from deploy.one.process import Running
from deploy.one.valkey import Valkey
from shared.bus import bell as bells
from shared.bus.bell import IDS_A_RING, Bell
from shared.bus.publish import publish, ring_with
from shared.bus.worker import Work, celery_app
from tests.bus.conftest import settle
from tests.bus.parts import SECRET, Listener, announce, arrived, ids_in, lying_in
from tests.site import Site, eventually

PROMPT = 0.2  # seconds within which whoever rings goes on, whatever the broker does


def test_a_ring_carries_at_most_256_ids_and_loses_none(clean: Site, bell: Bell) -> None:
    ids = [str(uuid4()) for _ in range(1000)]
    bell.ring("review", ids)
    settle(clean, bell)
    eventually(lambda: clean.broker.llen("review") == 4)
    rung = ids_in(clean, "review")
    assert [len(ring) for ring in rung] == [IDS_A_RING, IDS_A_RING, IDS_A_RING, 1000 - 3 * IDS_A_RING]
    assert [one for ring in rung for one in ring] == ids


def test_what_gathers_while_a_ring_is_sent_goes_with_the_next(clean: Site, bell: Bell) -> None:
    ids = [str(uuid4()) for _ in range(500)]
    for one in ids:
        bell.ring("review", [one])
    settle(clean, bell)
    rung = eventually(lambda: [one for ring in ids_in(clean, "review") for one in ring])
    assert rung == ids
    assert clean.broker.llen("review") < 250


def test_a_flood_for_one_service_does_not_keep_the_others_waiting(clean: Site, bell: Bell) -> None:
    bell.ring("review", [str(uuid4()) for _ in range(190 * IDS_A_RING)])
    bell.ring("notify", ["first"])
    eventually(lambda: clean.broker.llen("notify") == 1)
    assert clean.broker.llen("review") < 100


def test_nothing_but_ids_lies_in_the_broker(clean: Site, bell: Bell) -> None:
    event = arrived()
    announce(clean, event)
    settle(clean, bell)
    for service in ("review", "notify", "opendata"):
        (message,) = lying_in(clean, service)
        content = json.loads(message)
        assert json.loads(content["body"])[0] == [[str(event.id)]]
        assert content["headers"]["task"] == f"{service}.deliver"
        told = (SECRET, "secret@example.com", "窓口", event.subject, "A1")
        assert not [one for one in told if one in message or one in json.dumps(message)]


def test_an_absent_broker_neither_delays_nor_fails_the_publisher(clean: Site, bell: Bell) -> None:
    away = Bell(SecretStr(f"redis://{LOOPBACK}:{free_ports(1)[0]}/0"))
    ring_with(away)
    try:
        begun = time.monotonic()
        with clean.session("intake") as session:
            publish(session, arrived())
            prepared = time.monotonic()
            session.commit()
        assert time.monotonic() - prepared < PROMPT
        assert prepared - begun < 5
    finally:
        ring_with(bell)
    assert clean.value("select count(*) from bus.event") == 1
    assert not away.answers()


def test_a_broker_that_takes_calls_and_says_nothing_does_not_delay_the_publisher(clean: Site) -> None:
    assert clean.broker_url
    with socket.create_server((LOOPBACK, 0)) as silent:
        bell = Bell(SecretStr(f"redis://{LOOPBACK}:{silent.getsockname()[1]}/0"))
        begun = time.monotonic()
        for _ in range(100):
            bell.ring("review", [str(uuid4())])
        assert time.monotonic() - begun < PROMPT
    bell.close()


def test_a_full_broker_that_refuses_writes_does_not_end_the_bell(
    clean: Site, bell: Bell, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "SULK", 0.05)
    limit = str(clean.broker.config_get("maxmemory")["maxmemory"])
    with caplog.at_level(logging.WARNING, logger="shared.bus.bell"):
        clean.broker.config_set("maxmemory", 1)
        try:
            bell.ring("review", ["lost"])
            eventually(lambda: "the sweeper will ring again" in caplog.text)
        finally:
            clean.broker.config_set("maxmemory", limit)

    def heard() -> int:
        bell.ring("review", ["kept"])
        return int(clean.broker.llen("review"))

    eventually(heard)
    assert ["lost"] not in ids_in(clean, "review")


def test_the_bell_rings_again_when_the_broker_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "SULK", 0.05)
    server = Valkey(tmp_path / "data", free_ports(1)[0], secrets.token_urlsafe(24), tmp_path / "log", durable=False)
    bell = Bell(SecretStr(server.url))
    running = Running(server.part())
    try:
        running.wait_ready()
        assert bell.answers()
        bell.ring("review", ["before"])
        running.end(0)
        assert not bell.answers()
        bell.ring("review", ["meanwhile"])
        running = Running(server.part())
        running.wait_ready()
        with redis.Redis.from_url(server.url) as broker:

            def heard() -> bool:
                bell.ring("review", ["after"])
                return any(b"after" in base64.b64decode(json.loads(raw)["body"]) for raw in broker.lrange("review", 0, -1))

            eventually(heard)
    finally:
        bell.close()
        running.end()
    assert running.ended() != f"signal {signal.SIGKILL.name}"


def test_a_publisher_that_ends_rings_what_is_left(clean: Site) -> None:
    bell = Bell(SecretStr(clean.broker_url))
    bell.ring("heard-by-nobody-else", [str(uuid4()) for _ in range(4 * IDS_A_RING)])
    bell.close(patience=15)
    assert clean.broker.llen("heard-by-nobody-else") == 4


def test_a_worker_takes_no_more_than_one_rings_worth_and_wakes_errands_without_ids(clean: Site, listener: Listener) -> None:
    woken: list[str] = []

    def wake() -> bool:
        woken.append("now")
        return False

    app = celery_app("test", SecretStr(clean.broker_url), Work(listener.post, {"errand": (wake, 60.0)}))
    ids = announce(clean, *(arrived() for _ in range(IDS_A_RING + 4)))
    app.tasks["review.deliver"].run([str(one) for one in ids])
    assert sum(map(len, listener.calls)) == IDS_A_RING
    app.tasks["errand.deliver"].run([])
    app.tasks["errand.deliver"].run()
    assert woken == ["now", "now"]
    wakings = {name: entry["options"]["queue"] for name, entry in app.conf.beat_schedule.items()}
    assert wakings == {
        "review.sweep": "review",
        "errand.deliver": "errand",
    }
