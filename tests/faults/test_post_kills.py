"""kill -9 of senders, of the broker and of PostgreSQL while mails go out to a rough SMTP server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.database import OWNER, bootstrap, migrate
from deploy.one.ports import free_ports
from deploy.one.postgres import Postgres
from deploy.one.postgres import end_left_over as end_postgres
from deploy.one.process import Running
from deploy.one.valkey import Valkey
from services.notify.settings import Settings
from shared.sealing.ring import Ring, using
from tests.faults.test_kills import SENDING, seen
from tests.machine import POST_QUEUE, Machine, kill
from tests.notify.mass import came_of, write
from tests.notify.rough import RoughServer, address, rough_server
from tests.site import Site, engine_at, eventually

TIMES = 3
A_FEED = 300
PROCESSES = 2
LANES = PROCESSES * int(Settings.model_fields["smtp_connections"].default)


@dataclass
class Servers:
    """A site on servers of its own, which may be killed."""

    site: Site
    database: Running
    broker: Running

    def kill_database(self) -> None:
        """Kill -9 of PostgreSQL; then it comes back on the same files."""
        kill(self.database)
        self.database = _started(self.database)

    def kill_broker(self) -> None:
        """Kill -9 of the broker; then it comes back, empty."""
        kill(self.broker)
        self.broker = _started(self.broker)


def _started(ended: Running) -> Running:
    running = Running(ended.part)
    running.wait_ready()
    return running


@contextmanager
def servers_in(folder: Path) -> Iterator[Servers]:
    """PostgreSQL that loses nothing it said it has, and a broker."""
    database = Postgres(folder / "data", free_ports(1)[0], secrets.token_urlsafe(24), folder / "postgres.log")
    broker = Valkey(folder / "broker", free_ports(1)[0], secrets.token_urlsafe(24), folder / "valkey.log", durable=False)
    site = Site(database.admin_url, broker.url, folder / "storage")
    servers = Servers(site, Running(database.part()), Running(broker.part()))
    try:
        servers.database.wait_ready()
        servers.broker.wait_ready()
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        with using(Ring.read(site.keys["MADOGUCHI_SEALING_KEYS"])):
            yield servers
    finally:
        for url in (site.admin_url.rsplit("/", 1)[0] + "/madoguchi", site.url("madoguchi_notify")):
            engine_at(url).dispose()
        servers.database.end()
        servers.broker.end()
        end_postgres(database.data)


@pytest.fixture
def rough(tmp_path: Path) -> Iterator[RoughServer]:
    with rough_server(tmp_path) as server:
        yield server


def in_hand(site: Site) -> int:
    """How many messages are being handed over."""
    return int(site.value("select count(*) from notify.message where state = 'sending'"))


def let_leases_pass(site: Site, *states: str) -> None:
    """As if two minutes had gone by."""
    site.run("update notify.message set next_attempt_at = now() - interval '1 s' where state = any(:states)", states=list(states))


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_mails_go_out_once_whatever_is_killed(tmp_path: Path, rough: RoughServer) -> None:
    with servers_in(tmp_path) as servers, Machine(servers.site, tmp_path / "machine") as machine:
        site = servers.site
        machine.settings["MADOGUCHI_NOTIFY_SMTP_URL"] = rough.url
        fed = may_be_unknown = 0
        sender = machine.worker(POST_QUEUE, processes=PROCESSES)
        machine.beat()
        for what in ("sender", "broker", "database") * TIMES:
            write(site, A_FEED, first=fed)
            fed += A_FEED
            with site.owner.connect() as connection:
                assert seen(connection, SENDING, within=30), machine.logs()
            match what:
                case "sender":
                    kill(sender)
                    may_be_unknown += in_hand(site)
                    let_leases_pass(site, "created", "deferred", "sending")
                    sender = machine.worker(POST_QUEUE, processes=PROCESSES)
                case "broker":
                    # a worker may end what it does when the broker goes away
                    may_be_unknown += LANES
                    servers.kill_broker()
                case "database":
                    may_be_unknown += LANES
                    servers.kill_database()
            if machine.running[1].ended():
                raise AssertionError(machine.logs())

        def all_tried() -> bool:
            let_leases_pass(site, "created", "deferred")
            return not site.value("select exists (select from notify.message where state in ('created', 'deferred'))")

        eventually(all_tried, within=120, every=2.0)

        def none_in_hand() -> bool:
            let_leases_pass(site, "sending")
            return not in_hand(site)

        eventually(none_in_hand, within=60, every=4.0)

        taken, states = rough.taken(), came_of(site)
        assert set(states) == {"sent", "unknown"}
        assert sum(states.values()) == fed
        assert set(taken.values()) == {1}
        state = {row["recipient"]: row["state"] for row in site.rows("select recipient, state from notify.message")}
        assert {one for one, how in state.items() if how == "sent"} <= taken.keys()
        dropped = {one for number in range(fed) if (one := address(number)).startswith("drop") and one in taken}
        assert {state[one] for one in dropped} == {"unknown"}
        assert states["unknown"] - len(dropped) <= may_be_unknown
