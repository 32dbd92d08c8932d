"""Run the benchmark and print its report: `python -m tests.bench [--quick]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlmodel import Session

from deploy.database import OWNER, bootstrap, migrate
from deploy.one import postgres, valkey
from deploy.one.ports import free_ports
from tests.bench import commits
from tests.bench.ground import clear, forget_events, settle
from tests.bench.sample import CHAINED, body
from tests.site import Site

CONNECTIONS = 32
PROCESSES = 2
PROCEDURES = Path(__file__).parent.parent.parent / "procedures"
BUS_QUEUES = "intake,review,notify,opendata"


@contextmanager
def process(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended in the end."""
    with log.open("wb") as out, subprocess.Popen([sys.executable, "-m", *command], stdout=out, stderr=out) as child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()


def until(condition: object, seconds: float = 120.0) -> float:
    """Wait for a condition; returns the seconds it took."""
    started = time.perf_counter()
    while not condition():  # type: ignore[operator]
        if time.perf_counter() - started > seconds:
            raise TimeoutError
        time.sleep(0.02)
    return time.perf_counter() - started


def accept(site: Site, key: str, seconds: int, folder: Path, processes: int) -> dict[str, float]:
    """Filings a second through the full FastAPI application, in so many processes behind one port."""
    port = free_ports(1)[0]
    command = [
        "uvicorn",
        "services.intake.app:create_app",
        "--factory",
        "--port",
        str(port),
        "--workers",
        str(processes),
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    with process(command, folder / "web.log"):
        until(lambda: _answers(port))
        load = [sys.executable, "-m", "tests.bench.load", "127.0.0.1", str(port), key, str(CONNECTIONS)]
        subprocess.run([*load, "2"], check=True, capture_output=True)  # warm
        settle(site)
        done = subprocess.run([*load, str(seconds)], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    if result["failures"]:
        raise RuntimeError(str(result["failures"]))
    return result


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def file(site: Site, key: str, count: int) -> list[str]:
    """Filed applications that wait for their first stage; nobody is rung. Returns their events' ids."""
    from services.intake.catalogue.procedures import Catalogue
    from services.intake.filing import filing
    from services.intake.tasks import work
    from shared.bus.publish import ring_with
    from shared.identity.callers import Callers

    ring_with(None)
    with Session(work.post.engine) as session:
        caller = Callers().by_key(session, key)
        if caller is None:
            raise LookupError("the benchmark's own key is unknown")
        content = body(CHAINED)
        written = filing.read(content)
        published = Catalogue().current(session, written.procedure)
        for start in range(0, count, 100):
            some = [filing.prepare(written, content, caller, published, None) for _ in range(min(100, count - start))]
            filing.record(session, some)
            session.commit()
    return [str(row["event_id"]) for row in site.rows("select distinct event_id from bus.delivery where state = 'waiting'")]


def _unfinished(site: Site) -> bool:
    return bool(site.value("select exists (select from bus.delivery where state = 'waiting')"))


def chain(site: Site, key: str, count: int, folder: Path) -> float:
    """Applications a second through all stages, from filed to in review with every mail written."""
    from services.intake.tasks import settings
    from shared.bus.bell import IDS_A_RING, ringer

    command = [
        "celery",
        "-A",
        "deploy.one.worker:app",
        "worker",
        "-c",
        str(PROCESSES),
        "-Q",
        BUS_QUEUES,
        "--without-mingle",
        "--without-gossip",
        "-l",
        "warning",
    ]
    bell = ringer(settings.broker_url)
    with process(command, folder / "worker.log"):
        ids = file(site, key, 500)  # warm
        _ring(bell, ids, IDS_A_RING)
        until(lambda: not _unfinished(site))
        ids = file(site, key, count)
        settle(site)
        started = time.perf_counter()
        _ring(bell, ids, IDS_A_RING)
        until(lambda: not _unfinished(site))
        took = time.perf_counter() - started
    _check(site, count + 500)
    return count / took


def _ring(bell: object, ids: list[str], size: int) -> None:
    for start in range(0, len(ids), size):
        for service in ("intake", "opendata"):
            bell.send_task(f"{service}.deliver", args=(ids[start : start + size],), queue=service)  # type: ignore[attr-defined]


def naive_chain(site: Site, key: str, count: int, folder: Path) -> float:
    """The same by one Celery task for each stage and application."""
    from shared.events import ApplicationFiled, ProcedureRef
    from tests.bench import naive

    command = [
        "celery",
        "-A",
        "tests.bench.naive:app",
        "worker",
        "-c",
        "2",
        "--without-mingle",
        "--without-gossip",
        "-l",
        "warning",
    ]

    def send() -> None:
        for row in site.rows("select subject, sequence, data from bus.event where type = 'application.filed.v1'"):
            data = row["data"]
            naive.send(
                ApplicationFiled(
                    subject=row["subject"],
                    sequence=1,
                    receipt_number=data["receipt_number"],
                    procedure=ProcedureRef(**data["procedure"]),
                )
            )

    def done(total: int) -> bool:
        counts = site.rows("""
            select (select count(*) from intake.application where state = 'in_review') as reviewed,
                   (select count(*) from notify.message where channel = 'email') as told,
                   (select coalesce(sum(filed + arrived), 0)::bigint from opendata.procedure_count) as counted
        """)
        return counts == [{"reviewed": total, "told": 2 * total, "counted": 2 * total}]

    with process(command, folder / "naive.log"):
        file(site, key, 50)  # warm
        send()
        until(lambda: done(50))
        forget_events(site)
        file(site, key, count)
        settle(site)
        started = time.perf_counter()
        send()
        until(lambda: done(count + 50), 300)
        took = time.perf_counter() - started
    return count / took


def _check(site: Site, count: int) -> None:
    cases = site.value('select count(*) from review."case"')
    mails = site.value("select count(*) from notify.message where channel = 'email'")
    if (cases, mails) != (count, 2 * count):
        raise RuntimeError(f"{count} applications gave {cases} cases and {mails} messages")


def main() -> None:
    """Measure, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="shorter, and so less exact")
    quick = parser.parse_args().quick
    seconds, count, naive_count, rounds = (3, 1000, 100, 1) if quick else (8, 4000, 400, 3)
    report: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name, postgres.ephemeral(durable=True) as database, valkey.ephemeral() as broker:
        folder = Path(name)
        site = Site(database.admin_url, broker.url, folder / "storage")
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        os.environ.update(site.environment)
        site.publish_procedures(PROCEDURES)
        for _ in range(rounds):
            site.empty()
            key = site.an_applicant()
            site.a_reviewer("public-relations")
            by_driver = commits.by_driver(database.admin_url, CONNECTIONS, seconds)
            clear(site)
            by_pgbench = commits.by_pgbench(database.admin_url, CONNECTIONS, seconds)
            clear(site)
            accepted = accept(site, key, seconds, folder, processes=1)
            clear(site)
            by_all = accept(site, key, seconds, folder, processes=PROCESSES)
            clear(site)
            naive = naive_chain(site, key, naive_count, folder)
            clear(site)
            chained = chain(site, key, count, folder)
            report.append(
                {
                    "commits_per_second": by_driver,
                    "commits_per_second_pgbench": by_pgbench,
                    "accepted_per_second": accepted["per_second"],
                    "accept_ratio": accepted["per_second"] / by_driver,
                    "accept_ratio_pgbench": accepted["per_second"] / by_pgbench,
                    "accept_ratio_all_cores": by_all["per_second"] / by_driver,
                    "accept_p50_ms": accepted["p50_ms"],
                    "accept_p99_ms": accepted["p99_ms"],
                    "naive_chain_per_second": naive,
                    "chain_per_second": chained,
                    "chain_ratio": chained / naive,
                }
            )
            print(json.dumps({name: round(value, 3) for name, value in report[-1].items()}), flush=True)  # noqa: T201
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {len(report)} rounds; the median of each:")  # noqa: T201
    for name in report[0]:
        values = sorted(row[name] for row in report)
        print(f"  {name:24} {values[len(values) // 2]:10.3f}")  # noqa: T201
    # a process of its own: the services of this one are bound to the servers that have ended
    for part in ("tests.bench.desk", "tests.bench.post"):
        subprocess.run([sys.executable, "-m", part, *(["--quick"] if quick else [])], check=True)


if __name__ == "__main__":
    main()
