"""The post: mails a second beside a plain smtplib loop, and the time from a decision to the SMTP server's acceptance.

`python -m tests.bench.post [--quick]`. Both send the same mails, composed in the same way, over the same number of connections
from one process, to the same rough server (tests.notify.rough): it drops 5 % after the final dot, refuses 10 % for now and
holds 1 % up. The post's time ends when each mail was tried once, as the loop's does; then what was refused is tried again.
"""

from __future__ import annotations

import argparse
import os
import queue
import random
import smtplib
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient
from sqlmodel import select

from deploy.database import OWNER, bootstrap, migrate
from deploy.one import postgres, valkey
from tests.bench.__main__ import process, until
from tests.bench.ground import settle
from tests.notify.mass import UNDER_WAY, check, write
from tests.notify.rough import RoughServer, rough_server
from tests.site import ONE_STAGE, PROCEDURES, Site, bearer

if TYPE_CHECKING:
    from services.notify.models import Message

UNTRIED = "select exists (select from notify.message where attempts = 0)"
# The connections are closed after some idle seconds; so long is waited after each tenth decision.
LONG_IDLE = 10.0


@contextmanager
def worker(processes: int, folder: Path, *options: str) -> Iterator[None]:
    """A Celery worker of the whole machine."""
    command = ("celery", "-A", "deploy.one.worker:app", "worker", "-c", str(processes), "--without-mingle", "--without-gossip")
    with process([*command, "-l", "warning", *options], folder / "worker.log"):
        yield


def by_the_post(site: Site, server: RoughServer, count: int, folder: Path) -> dict[str, float]:
    """Seconds until each mail was tried once by one process, and until the last was done with."""
    from services.notify.tasks import settings
    from shared.bus.bell import ringer

    bell = ringer(settings.broker_url)

    def ring() -> None:
        bell.send_task("post.deliver", args=([],), queue="post")

    site.run("truncate notify.message cascade")
    with worker(1, folder, "-Q", "post"):
        write(site, 20)  # warm
        ring()
        until(lambda: not site.value(UNTRIED))
        site.run("truncate notify.message cascade")
        server.forget()
        write(site, count)
        settle(site)
        started = time.perf_counter()
        ring()
        until(lambda: not site.value(UNTRIED), 600)
        took = time.perf_counter() - started
        while site.value(UNDER_WAY):
            ring()
            time.sleep(0.5)
        done = time.perf_counter() - started
    check(site, server, count)
    return {"seconds": took, "per_second": count / took, "seconds_to_the_end": done}


def by_smtplib(site: Site, server: RoughServer, count: int) -> dict[str, float]:
    """The same by a thread a connection that composes and sends one after the other; nothing is written down."""
    from services.notify.channels.email.composing import Composer
    from services.notify.models import Message
    from services.notify.tasks import settings, wordings

    compose = Composer(settings, wordings).compose

    site.run("truncate notify.message cascade")
    write(site, count)
    with site.session("notify") as session:
        messages = session.exec(select(Message)).all()
        session.expunge_all()
    server.forget()
    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    for message in messages:
        waiting.put(message)

    def send_all() -> None:
        client = smtplib.SMTP("127.0.0.1", server.port)
        with suppress(queue.Empty):
            while message := waiting.get_nowait():
                try:
                    client.send_message(compose(message))
                except smtplib.SMTPRecipientsRefused:
                    pass
                except (OSError, smtplib.SMTPException):
                    client = smtplib.SMTP("127.0.0.1", server.port)
        client.close()

    threads = [threading.Thread(target=send_all) for _ in range(settings.smtp_connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    return {"seconds": took, "per_second": count / took}


def idle(site: Site, server: RoughServer, times: int, folder: Path) -> list[float]:
    """Milliseconds from a decision at the desk to the SMTP server's acceptance of the mail to the applicant, one at a time."""
    from services.intake.tasks import settings
    from services.review.app import create_app
    from shared.bus.bell import bell_of
    from shared.bus.publish import ring_with

    applicant, official = site.an_applicant(), site.a_reviewer("public-relations")
    ring_with(bell_of(settings.broker_url.get_secret_value()))
    found: list[float] = []
    with TestClient(create_app()) as desk, worker(2, folder):
        applications = site.file(applicant, times + 3, ONE_STAGE)
        until(lambda: site.value('select count(*) from review."case"') == len(applications))
        until(lambda: not site.undone() and not site.value(UNDER_WAY))
        for number, case in enumerate(site.rows('select id, application_id from review."case"')):
            server.forget()
            answer = desk.post(f"/v1/cases/{case['id']}/decision", json={"decision": "approve"}, headers=bearer(official))
            answer.raise_for_status()
            until(lambda: str(case["application_id"]) in server.times())  # noqa: B023 - called at once
            decided = site.value(
                "select time from bus.event where type = 'case.decided.v1' and subject = :id", id=str(case["application_id"])
            )
            if number >= 3:  # the first ones load what is needed
                found.append((server.times()[str(case["application_id"])] - decided.timestamp()) * 1000)
            time.sleep(LONG_IDLE if number % 10 == 9 else random.uniform(0.1, 0.4))
    ring_with(None)
    return sorted(found)


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201


def main() -> None:
    """Measure, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer mails, and so less exact")
    count, times, rounds = (1000, 30, 1) if parser.parse_args().quick else (10_000, 100, 1)
    with (
        tempfile.TemporaryDirectory() as name,
        postgres.ephemeral(durable=True) as database,
        valkey.ephemeral() as broker,
        rough_server(Path(name)) as server,
    ):
        site = Site(database.admin_url, broker.url, Path(name) / "storage")
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        os.environ.update(site.environment | {"MADOGUCHI_NOTIFY_SMTP_URL": server.url})
        site.publish_procedures(PROCEDURES)
        for _ in range(rounds):
            plain = by_smtplib(site, server, count)
            ours = by_the_post(site, server, count, Path(name))
            say(f"\nThe post, {count:,} mails: of 100, 5 dropped after the final dot, 10 refused for now, 1 held up for 2 s")
            say(f"  a plain smtplib loop         {plain['seconds']:8.1f} s {plain['per_second']:8.0f} a second")
            say(f"  the post                     {ours['seconds']:8.1f} s {ours['per_second']:8.0f} a second")
            say(f"  ratio                        {ours['per_second'] / plain['per_second']:19.2f}")
            say(f"  the post, with all it tried again {ours['seconds_to_the_end']:.1f} s; none twice, unknown are the dropped")
        found = idle(site, server, times, Path(name))
        p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
        say(f"  from a decision to the SMTP server's acceptance, idle: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


if __name__ == "__main__":
    main()
