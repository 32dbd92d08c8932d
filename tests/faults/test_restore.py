"""A house of ten thousand applications with attachments is destroyed while people file, and restored elsewhere."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg
import pytest
from pyrage import x25519

from deploy.backup import counting, offers, restoring
from deploy.backup.recovery import Target, recovered
from deploy.backup.rehearsing import rehearse
from deploy.database import BACKUP
from services.intake.catalogue.procedures import publish
from services.intake.models import Attachment, Enclosure
from shared.database import insert_many, new_id
from shared.identity.callers import Callers
from shared.storage import attachment_key, storage_at
from tests.faults.test_post_kills import Servers, servers_in
from tests.machine import kill
from tests.site import DENKI, Site, eventually, shipped

APPLICATIONS, AT_ONCE = 10_000, 500
EVERY_SECONDS = 5
# What may be lost: what came within a round and the time a round takes, on a machine that does other things too.
MOST_LOST = 60.0


class Timed:
    """How long things took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - began, 1)


def file_with_attachments(site: Site, key: str, count: int, rng: random.Random) -> None:
    """Applications with a file each, in bulk: rows as the counter writes them, files where it puts them."""
    with site.session("intake") as session:
        caller = Callers().by_key(session, key)
    assert caller
    for _ in range(count // AT_ONCE):
        contents = {new_id(): rng.randbytes(rng.randint(200, 20_000)) for _ in range(AT_ONCE)}
        for attachment_id, content in contents.items():
            path = site.storage / attachment_key(attachment_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        filed = site.file(key, AT_ONCE)
        now = datetime.now(UTC).isoformat()
        common: dict[str, Any] = {"organisation_id": str(caller.organisation_id), "account_id": str(caller.account_id)}
        common |= {"name": "計画.pdf", "type": "application/pdf", "state": "clean", "detail": "", "attempts": 0}
        common |= {"due": now, "created_at": now, "expires_at": now}
        with site.session("intake") as session:
            rows = [
                common | {"id": str(one), "size": len(content), "sha256": hashlib.sha256(content).digest()}
                for one, content in contents.items()
            ]
            insert_many(session, Attachment, rows)
            pairs = zip(filed, contents, strict=True)
            insert_many(session, Enclosure, [{"application_id": str(one), "attachment_id": str(other)} for one, other in pairs])
            session.commit()


@contextmanager
def backed_up(site: Site, folder: Path, store: Path, public: str) -> Iterator[subprocess.Popen[bytes]]:
    """`madoguchi backup run`, as a process of its own."""
    (folder / "secrets").mkdir()
    for secret in ("audit_key", "sealing_keys"):
        (folder / "secrets" / secret).write_text(site.environment[f"MADOGUCHI_{secret.upper()}"])
    environment = {
        **os.environ,
        **site.environment,
        "MADOGUCHI_HOME": str(folder / "none"),
        "MADOGUCHI_BACKUP_DATABASE_URL": site.url(BACKUP),
        "MADOGUCHI_BACKUP_STORE": str(store),
        "MADOGUCHI_BACKUP_RECIPIENTS": public,
        "MADOGUCHI_BACKUP_SECRETS": str(folder / "secrets"),
        "MADOGUCHI_BACKUP_SPOOL": str(folder / "spool"),
        "MADOGUCHI_BACKUP_EVERY_SECONDS": str(EVERY_SECONDS),
    }
    run = [sys.executable, "-m", "deploy.cli", "backup", "run"]
    with (folder / "backup.log").open("wb") as log:
        process = subprocess.Popen(run, env=environment, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Filing(threading.Thread):
    """Somebody files on, until the house is gone; what he was told."""

    def __init__(self, site: Site, key: str) -> None:
        super().__init__()
        self._site, self._key = site, key
        self.told: dict[UUID, float] = {}
        self.gone = threading.Event()

    def run(self) -> None:
        while not self.gone.wait(0.1):
            try:
                (one,) = self._site.file(self._key, 1)
            except Exception:  # noqa: BLE001 - the house is gone
                return
            self.told[one] = time.time()


def tables_of(url: str) -> dict[str, Any]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return dict(counting.tables(connection))


def ids_in(url: str) -> set[UUID]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return {row[0] for row in connection.execute("select id from intake.application")}


@contextmanager
def started(home: Path) -> Iterator[str]:
    """The database of a restored home, as it is."""
    with TemporaryDirectory() as log, recovered(home / "postgres", Path(log), "madoguchi", Target()) as url:
        yield url


def destroy(servers: Servers, backup: subprocess.Popen[bytes], host: Path) -> None:
    os.killpg(backup.pid, signal.SIGKILL)
    kill(servers.database)
    shutil.rmtree(host / "data")
    shutil.rmtree(host / "storage")
    shutil.rmtree(host / "spool")


@dataclass
class Lived:
    """A house while it lived: what it held, and what somebody was told until it ended."""

    moment: datetime
    tables: dict[str, Any]
    files: dict[str, str]
    told: dict[UUID, float]
    destroyed: float


def hashes(storage: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in storage.rglob("attachments/*/*")}


def live(host: Path, store: Path, identity: Any, timed: Timed) -> Lived:
    """File, make backups all the while, rehearse, and end with a bang."""
    rng = random.Random(1)
    through = "select max((report->>'through')::timestamptz) from operation.run where kind = 'backup.wal'"
    based = "select count(*) from operation.run where kind = 'backup.base' and outcome = 'done'"
    with servers_in(host) as servers:
        site = servers.site
        with site.session("intake") as session:
            publish(session, shipped(DENKI))
            session.commit()
        key = site.an_applicant()
        with backed_up(site, host, store, str(identity.to_public())) as backup:
            with timed("filing the first half"):
                file_with_attachments(site, key, APPLICATIONS // 2, rng)
            eventually(lambda: site.value(based), within=120, every=0.5)
            moment = site.value("select clock_timestamp()")
            with timed("filing the second half"):
                file_with_attachments(site, key, APPLICATIONS // 2, rng)
            filed_at = site.value("select clock_timestamp()")
            with timed("until all of it is in the store"):
                eventually(lambda: site.value(through) > filed_at, within=180, every=0.2)
            with timed("a rehearsal beside the running house"):
                (offer,) = offers.everything(storage_at(str(store)))
                report, wrong = rehearse(offer.vault, identity, lambda _: None)
            assert wrong == []
            assert report["files"] == APPLICATIONS
            lived = Lived(moment, tables_of(site.admin_url.rsplit("/", 1)[0] + "/madoguchi"), hashes(site.storage), {}, 0)
            somebody = Filing(site, key)
            somebody.start()
            time.sleep(4 * EVERY_SECONDS)
            lived.destroyed = time.time()
            destroy(servers, backup, host)
            somebody.gone.set()
            somebody.join(30)
    lived.told = somebody.told
    return lived


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_what_was_filed_is_there_again_with_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timed = Timed()
    host, store, elsewhere = (tmp_path / name for name in ("host", "store", "elsewhere"))
    for folder in (host, store, elsewhere):
        folder.mkdir()
    identity = x25519.Identity.generate()
    lived = live(host, store, identity, timed)

    with timed("restoring all of it"):
        restoring.into_home(restoring.Request(storage_at(str(store)), identity), elsewhere / "home", lambda _: None)
    with started(elsewhere / "home") as url:
        found, there = tables_of(url), ids_in(url)
    lost = {at for one, at in lived.told.items() if one not in there}
    assert len(there) == APPLICATIONS + len(lived.told) - len(lost)
    assert all(lived.destroyed - at < MOST_LOST for at in lost)
    same = {name for name in lived.tables if lived.tables[name] == found[name]}
    assert {"intake.attachment", "intake.enclosure", "identity.account", "intake.procedure"} <= same
    assert hashes(elsewhere / "home" / "storage") == lived.files

    with timed("restoring to a moment"):
        request = restoring.Request(storage_at(str(store)), identity, to=lived.moment)
        restoring.into_home(request, elsewhere / "another", lambda _: None)
    with started(elsewhere / "another") as url:
        assert len(ids_in(url)) == APPLICATIONS // 2

    oldest = max((lived.destroyed - at for at in lost), default=0.0)
    said = [
        f"{len(lived.files):,} files, store {sum(one.stat().st_size for one in store.rglob('*')) / 1e6:.0f} MB",
        str(timed.seconds),
    ]
    said.append(f"lost: {len(lost)} of {len(lived.told)}, the oldest {oldest:.1f} s before the end")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(said) + "\n")
