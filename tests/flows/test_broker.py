"""The broker loses everything, or is gone for a while: nothing is lost but time."""

from __future__ import annotations

import os
import secrets
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.one.ports import free_ports
from deploy.one.process import Running
from deploy.one.valkey import Valkey, end_left_over
from tests.machine import BUS_QUEUES, POST_QUEUE, Machine, kill, quiet
from tests.site import DENKI, Site, bearer, eventually, example

MANY = 500
# Seconds from the first delivery after the sweeper's turn to the last one.
SWEPT_WITHIN = 10


def test_after_flushall_five_hundred_waiting_applications_are_done_within_ten_seconds_of_the_sweepers_turn(
    clean: Site, machine: Machine
) -> None:
    key = clean.an_applicant()
    clean.a_reviewer("kinki-bureau")
    clean.file(key, MANY)
    clean.broker.flushall()
    assert clean.undone() == 2 * MANY  # the format check and the count
    mailbox = machine.mailbox()
    machine.beat(wait=False)
    machine.worker(*BUS_QUEUES, POST_QUEUE, wait=False)
    eventually(lambda: clean.value("select count(*) from bus.delivery where state = 'done'"), within=40)
    quiet(clean)
    took = clean.value("select extract(epoch from max(done_at) - min(done_at)) from bus.delivery")
    assert took < SWEPT_WITHIN
    assert clean.value('select count(*) from review."case"') == MANY
    caught = Counter(mail["headers"]["message-id"] for mail in mailbox.mails())
    assert len(caught) == 2 * MANY
    assert set(caught.values()) == {1}


@pytest.fixture
def machine(clean: Site, tmp_path: Path) -> Iterator[Machine]:
    """Processes of one test: those of another would send its mails to their own mailbox."""
    with Machine(clean, tmp_path) as made:
        yield made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Valkey]:
    """A broker of this test's own, so that it may be killed; durable as in production."""
    server = Valkey(tmp_path / "data", free_ports(1)[0], secrets.token_urlsafe(24), tmp_path / "valkey.log")
    running = Running(server.part())
    running.wait_ready()
    try:
        yield server
    finally:
        running.end()
        end_left_over(server.data)


@contextmanager
def slow_checks(site: Site, seconds: float) -> Iterator[None]:
    """While it works, every format check takes its time."""
    site.run(f"""
    create function intake.slowly() returns trigger language plpgsql as $$
    begin perform pg_sleep({seconds}); return new; end $$
    """)
    site.run("create trigger slowly before update on intake.application for each statement execute function intake.slowly()")
    try:
        yield
    finally:
        site.run("drop function intake.slowly cascade")


def kill_server(site: Site, broker: Valkey) -> None:
    os.kill(int(site.broker.info("server")["process_id"]), signal.SIGKILL)
    eventually(lambda: not broker.answers())


@contextmanager
def back_again(broker: Valkey) -> Iterator[None]:
    running = Running(broker.part())
    try:
        running.wait_ready()
        yield
    finally:
        running.end()


def test_a_worker_whose_broker_died_while_its_hands_were_full_reads_on_when_it_is_back(
    clean: Site, broker: Valkey, tmp_path: Path
) -> None:
    site = replace(clean, broker_url=broker.url)
    key = site.an_applicant()
    with slow_checks(site, 2), Machine(site, tmp_path / "own") as machine:
        machine.worker("intake", processes=1)
        machine.beat()
        site.file(key, 1)
        eventually(lambda: site.value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"), within=20)
        kill_server(site, broker)
        eventually(lambda: site.value("select count(*) from intake.application where state = 'arrived'") == 1)
        site.file(key, 1)
        with back_again(broker):
            eventually(lambda: site.value("select count(*) from intake.application where state = 'arrived'") == 2, within=40)
            for one in machine.running:
                kill(one)


def test_a_broker_killed_while_applications_come_in_delays_them_only(clean: Site, broker: Valkey, tmp_path: Path) -> None:
    site = replace(clean, broker_url=broker.url)
    key = site.an_applicant()
    site.a_reviewer("kinki-bureau")
    with Machine(site, tmp_path / "own") as machine:
        mailbox = machine.mailbox()
        machine.worker(*BUS_QUEUES, POST_QUEUE, wait=False)
        machine.beat(wait=False)
        url = machine.web(wait=False)
        machine.wait_ready()

        def file(count: int) -> None:
            with httpx.Client(base_url=url, headers=bearer(key)) as client:
                for _ in range(count):
                    answer = client.post("/v1/applications", json=example(DENKI))
                    assert answer.status_code == 202
                    assert answer.elapsed.total_seconds() < 2

        file(20)
        kill_server(site, broker)
        file(20)
        health = httpx.get(f"{url}/health/ready").json()
        assert (health["status"], health["services"]["intake"]["parts"]["broker"]["ok"]) == ("degraded", False)
        with back_again(broker):
            file(20)
            eventually(lambda: site.value('select count(*) from review."case"') == 60, within=40)
            quiet(site)
            subjects = Counter((mail["headers"]["x-madoguchi-subject"], mail["to"][0]["address"]) for mail in mailbox.mails())
            assert len(subjects) == 120
            assert set(subjects.values()) == {1}
            for one in machine.running:
                kill(one)
