"""What one application costs, from the filing to the decision's document: `python -m tests.bench.cost [--count N]`.

Files applications over HTTP, lets each service's worker do its part, decides them at the desk over HTTP, and waits until every
document is made and every mail is sent. Measured is what each kind of process used: processor time, write-ahead log, commits,
commands and bytes at the broker, bytes of tables and files. What the same processes use while nothing happens is measured before
and taken off. The reference is psycopg, which commits the same rows as a filing one by one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.database import OWNER, bootstrap, migrate
from deploy.one import postgres, valkey
from deploy.one.ports import free_ports
from shared.i18n import JST
from tests.bench import commits
from tests.bench.__main__ import process, until
from tests.bench.ground import clear, settle
from tests.bench.used import child_named, family, processor_seconds, tables
from tests.notify.rough import RoughServer, rough_server
from tests.site import DENKI, PROCEDURES, Site, bearer, example

CONNECTIONS = 16
IDLE_SECONDS, REFERENCE_SECONDS, PATIENCE = 15, 5, 1800
WARM = 20
ONE_BY_ONE, BATCHES = "one by one", "in batches"
# Each kind of process, and the queues it serves.
WORKERS = {
    "intake worker": "intake",
    "review worker": "review,review-finding,review-audit,review-clock",
    "documents worker": "review-documents",
    "notify worker": "notify",
    "mail worker": "post",
    "opendata worker": "opendata",
}
WEBS = {"counter web": "intake", "desk web": "review"}
UNDONE = """
select (select count(*) from bus.delivery where state <> 'done' and subject <> 'canary')
     + (select count(*) from notify.message where state in ('created', 'sending', 'deferred'))
     + (select count(*) from review.document where made_at is null)
     + (select count(*) from intake.application where state = 'filed')
"""


@dataclass
class Town:
    """Everything that is measured."""

    site: Site
    pids: dict[str, int]
    ports: dict[str, int]
    folder: Path

    def url(self, web: str) -> str:
        """Where a web answers."""
        return f"http://127.0.0.1:{self.ports[web]}"

    @contextmanager
    def workers_held(self, held: bool) -> Iterator[None]:  # noqa: FBT001 - whether at all
        """Workers that stand still, if they are held."""
        pids = [pid for kind in WORKERS for pid in family(self.pids[kind])] if held else []
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def wait_done(self) -> None:
        """Until nothing is left to do. Asked seldom, since asking costs PostgreSQL too."""
        ends = time.monotonic() + PATIENCE
        while self.site.value(UNDONE):
            if time.monotonic() > ends:
                raise TimeoutError
            time.sleep(1)

    def written(self) -> dict[str, int]:
        """How many mails, events and deliveries there are."""
        (row,) = self.site.rows("""
            select (select count(*) from notify.message where channel = 'email' and state = 'sent') as mails,
                   (select count(*) from bus.event where subject <> 'canary') as events,
                   (select count(*) from bus.delivery where subject <> 'canary') as deliveries
        """)
        return row

    def used(self) -> dict[str, float]:
        """What was used since the start, by kind."""
        broker: Any = self.site.broker.info()
        (database,) = self.site.rows("""
            select pg_current_wal_insert_lsn() - '0/0' as wal, xact_commit as commits,
                   (select wal_fpi from pg_stat_wal) as images, (select wal_records from pg_stat_wal) as records
            from pg_stat_database where datname = 'madoguchi'
        """)
        return {
            **{f"cpu {kind}": seconds for kind, seconds in processor_seconds(self.pids).items()},
            "wal bytes": float(database["wal"]),
            "wal page images": float(database["images"]),
            "commits": float(database["commits"]),
            "broker commands": float(broker["total_commands_processed"]),
            "broker bytes in": float(broker["total_net_input_bytes"]),
        }


def start(here: Town, stack: ExitStack, server: RoughServer) -> None:
    """Start a process of each kind, and wait until the webs answer."""
    os.environ["MADOGUCHI_NOTIFY_SMTP_URL"] = server.url
    ports, pids, folder = here.ports, here.pids, here.folder
    ports |= dict(zip(WEBS, free_ports(len(WEBS)), strict=True))
    for kind, service in WEBS.items():
        command = ["uvicorn", f"services.{service}.app:create_app", "--factory", "--port", str(ports[kind]), "--no-access-log"]
        pids[kind] = stack.enter_context(process([*command, "--log-level", "warning"], folder / f"{service}.log")).pid
    quiet = ("--without-mingle", "--without-gossip", "--without-heartbeat", "-l", "warning", "-c", "1", "-P", "prefork")
    for kind, queues in WORKERS.items():
        service = queues.partition(",")[0].partition("-")[0].replace("post", "notify")
        command = ["celery", "-A", f"services.{service}.tasks", "worker", "-Q", queues, *quiet]
        pids[kind] = stack.enter_context(process(command, folder / f"{kind}.log")).pid
    beat = ["celery", "-A", "deploy.one.worker:app", "beat", "-s", str(folder / "beat"), "-l", "warning"]
    pids["beat"] = stack.enter_context(process(beat, folder / "beat.log")).pid
    for kind in WEBS:
        until(lambda kind=kind: _answers(f"{here.url(kind)}/health/live"))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def _in_parallel(number: int, url: str, key: str, call: Callable[[httpx.Client, Any], None], what: Iterator[Any]) -> None:
    with httpx.Client(base_url=url, headers=bearer(key), timeout=60) as client, ThreadPoolExecutor(number) as people:
        for _ in people.map(lambda one: call(client, one), what):
            pass


def go_through(here: Town, count: int, procedure: str, people: tuple[str, str], *, held: bool = False) -> None:
    """File, wait for the cases, decide, and wait for the last document and mail. `held`: the workers begin when all is there."""
    filing, (applicant, official) = json.dumps(example(procedure)).encode(), people

    def file(client: httpx.Client, _: int) -> None:
        headers = {"idempotency-key": str(uuid.uuid4()), "content-type": "application/json"}
        client.post("/v1/applications", content=filing, headers=headers).raise_for_status()

    def decide(client: httpx.Client, case: uuid.UUID) -> None:
        client.post(f"/v1/cases/{case}/decision", json={"decision": "accept"}).raise_for_status()

    with here.workers_held(held):
        _in_parallel(CONNECTIONS, here.url("counter web"), applicant, file, iter(range(count)))
    here.wait_done()
    cases = [row["id"] for row in here.site.rows("select id from review.\"case\" where state = 'open'")]
    if len(cases) != count:
        raise RuntimeError(f"{count} applications gave {len(cases)} cases")
    with here.workers_held(held):
        _in_parallel(4, here.url("desk web"), official, decide, iter(cases))
    here.wait_done()


def reference(here: Town) -> dict[str, float]:
    """Processor time of PostgreSQL and write-ahead log for one commit of psycopg."""
    settle(here.site)
    before = here.used()
    commits_ = commits.by_driver(here.site.admin_url, CONNECTIONS, REFERENCE_SECONDS) * REFERENCE_SECONDS
    after = here.used()
    clear(here.site)
    return {name: (after[name] - before[name]) / commits_ for name in ("cpu PostgreSQL", "wal bytes")}


def measure(here: Town, count: int, procedure: str) -> dict[str, Any]:
    """One application as numbers: while each is handled as it comes, and while all are there at once."""
    site = here.site
    people = site.an_applicant(), site.a_reviewer("kinki-bureau", "public-relations")
    go_through(here, min(WARM, count), procedure, people)  # warm
    settle(site)
    began = here.used()
    time.sleep(IDLE_SECONDS)
    idle = {name: (value - began[name]) / IDLE_SECONDS for name, value in here.used().items()}
    programs = f"Python {platform.python_version()}, PostgreSQL {site.value('show server_version')}"
    return {
        "day": f"{datetime.now(JST):%Y-%m-%d}",
        "machine": f"{_processor()}, {os.cpu_count()} cores; {programs}",
        "count": count,
        "idle": idle,
        **{way: _way(here, count, procedure, people, idle, held=way == BATCHES) for way in (ONE_BY_ONE, BATCHES)},
        "load": os.getloadavg()[1],
    }


def _way(
    here: Town, count: int, procedure: str, people: tuple[str, str], idle: dict[str, float], *, held: bool
) -> dict[str, Any]:
    site, written = here.site, here.written()
    settle(site)
    sizes, files, began, clock = tables(site), _bytes_in(site.storage), here.used(), time.monotonic()
    go_through(here, count, procedure, people, held=held)
    seconds, ended = time.monotonic() - clock, here.used()
    settle(site)
    grown = {name: (size - sizes.get(name, 0)) / count for name, size in tables(site).items()}
    return {
        "seconds": seconds,
        "used": {name: (ended[name] - began[name] - idle[name] * seconds) / count for name in ended},
        "grown": {name: size for name, size in sorted(grown.items(), key=lambda one: -one[1]) if size >= 1},
        "file bytes": (_bytes_in(site.storage) - files) / count,
        **{name: (number - written[name]) / count for name, number in here.written().items()},
    }


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def show(found: dict[str, Any]) -> None:
    """The table."""
    ways, one, say = [found[ONE_BY_ONE], found[BATCHES]], found["reference"], print
    say(f"{found['machine']}; load {found['load']:.1f}; {found['count']} applications, {ONE_BY_ONE} and {BATCHES}:")
    for name in ways[0]["used"]:
        scale, unit = (1e6, "µs") if name.startswith("cpu ") else (1, "")
        say(f"  {name:26} {ways[0]['used'][name] * scale:12,.0f} {ways[1]['used'][name] * scale:12,.0f} {unit}")
    for name in ("seconds", "file bytes", "mails", "events", "deliveries"):
        say(f"  {name:26} {ways[0][name]:12,.1f} {ways[1][name]:12,.1f}")
    say(f"  one psycopg commit: PostgreSQL {one['cpu PostgreSQL'] * 1e6:,.0f} µs, {one['wal bytes']:,.0f} bytes of WAL")
    for name, size in ways[0]["grown"].items():
        say(f"    {name:40} {size:10,.0f}")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Measure, and print the table; `--json FILE` keeps the numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--procedure", default=DENKI)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(postgres.ephemeral(durable=True))
        broker = stack.enter_context(valkey.ephemeral())
        site = Site(database.admin_url, broker.url, folder / "storage")
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        os.environ.update(site.environment)
        site.publish_procedures(PROCEDURES)
        pids = {
            "PostgreSQL": int((database.data / "postmaster.pid").read_text().split()[0]),
            "broker": child_named("valkey-server"),
        }
        here = Town(site, pids, {}, folder)
        one_commit = reference(here)
        start(here, stack, stack.enter_context(rough_server(folder)))
        found = measure(here, asked.count, asked.procedure) | {"reference": one_commit}
    show(found)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
