"""The broker of one machine: keeps what it took, evicts nothing, and asks for a password."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from deploy.one.ports import free_ports
from deploy.one.process import Running, is_alive
from deploy.one.valkey import Valkey


@pytest.fixture
def server(tmp_path: Path) -> Valkey:
    """A server that was never started; its folder has what a path may have."""
    folder = tmp_path / 'a "home" 窓口'
    folder.mkdir()
    return Valkey(folder / "valkey", free_ports(1)[0], "a-password", folder / "valkey.log")


@contextmanager
def running(server: Valkey) -> Iterator[Running]:
    life = Running(server.part())
    try:
        life.wait_ready()
        yield life
    finally:
        life.end()


def client(server: Valkey) -> redis.Redis:
    return redis.Redis.from_url(server.url, decode_responses=True)


def test_it_evicts_nothing_and_writes_its_log(server: Valkey) -> None:
    with running(server), client(server) as broker:
        settings = broker.config_get("maxmemory-policy", "appendonly", "appendfsync", "bind")
        assert settings == {
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "bind": "127.0.0.1",
        }


def test_without_the_password_it_says_nothing(server: Valkey) -> None:
    with running(server), redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_the_password_is_readable_by_its_owner_alone(server: Valkey) -> None:
    with running(server) as life:
        assert (server.data / "valkey.conf").stat().st_mode & 0o077 == 0
        assert server.password.encode() not in Path(f"/proc/{life.pid}/cmdline").read_bytes()


def test_what_was_queued_is_there_after_a_stop(server: Valkey) -> None:
    with running(server), client(server) as broker:
        broker.lpush("queue", "bell")
    with running(server), client(server) as broker:
        assert broker.lrange("queue", 0, -1) == ["bell"]


def test_what_was_queued_two_seconds_ago_is_there_after_kill_9(server: Valkey) -> None:
    life = Running(server.part())
    life.wait_ready()
    with client(server) as broker:
        broker.lpush("queue", "bell")
        time.sleep(2)
        os.kill(life.pid, signal.SIGKILL)
    with running(server), client(server) as broker:
        assert broker.lrange("queue", 0, -1) == ["bell"]
    life.end()


def test_a_server_that_a_killed_supervisor_left_is_ended_before_the_next_one_starts(server: Valkey) -> None:
    left = Running(server.part())
    left.wait_ready()
    with running(server):
        assert not is_alive(left.pid)
    left.end()
