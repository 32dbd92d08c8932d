"""A house is restored as it was, at the end or at a moment; what is broken is refused, and a rehearsal finds it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pyrage import x25519
from sqlmodel import Session

from deploy.backup import offers, rehearsing, restoring
from deploy.backup.errors import Broken, Locked, Refused
from deploy.backup.recovery import fetch_log
from deploy.backup.rehearsing import rehearse
from deploy.backup.secrets import read_secrets
from deploy.backup.vault import Vault
from deploy.one.home import Home
from deploy.one.parts import Site as Machine
from deploy.one.ports import free_ports
from deploy.one.process import Running
from services.intake.files.attachments import keep
from services.review.audit import chain, heads
from shared.files.inspection import Sent
from shared.identity.callers import Callers
from shared.operation import acts
from shared.operation.acts import Operator
from shared.sealing.ring import new_key
from shared.storage import Folder, storage_at
from tests.backup.conftest import Saved, saving
from tests.files.samples import PDF
from tests.site import Site, engine_at

FILED_AT_FIRST, FILED_UNTIL, FILED = 3, 5, 7


def send(site: Site, key: str, *contents: bytes) -> None:
    """What the counter does with files."""
    with site.session("intake") as session:
        caller = Callers().by_key(session, key)
    assert caller
    storage = storage_at(str(site.storage))
    for content in contents:
        with storage.scratch() as file:
            file.write(content)
            sent = Sent(file, "計画.pdf", "application/pdf", len(content), hashlib.sha256(content).digest())
            keep(engine_at(site.url("madoguchi_intake")), storage, caller, sent)


def sealed(site: Site) -> None:
    """What the desk's worker does with the trace."""
    with site.session("review") as session:
        chain.seal(session)
        heads.write_head(session, site.heads, heads.private_key(site.environment["MADOGUCHI_AUDIT_KEY"]))
        session.commit()


@dataclass
class History:
    """What was filed when, with its backup."""

    saved: Saved
    moment: datetime


@pytest.fixture(scope="module")
def history(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Three applications and a base, two more and a moment, another two; each with a file."""
    site.empty()
    with saving(site, tmp_path_factory.mktemp("saved")) as saved:
        key = site.an_applicant()
        with Session(site.operator) as session:
            acts.note(session, Operator(None, "somebody"), "switch.on", "a-switch", reason="of need")
            session.commit()
        site.file(key, FILED_AT_FIRST)
        send(site, key, PDF, PDF + b"%")
        site.deliver_all()
        sealed(site)
        saved.base()
        site.file(key, FILED_UNTIL - FILED_AT_FIRST)
        moment = site.value("select clock_timestamp()")
        site.file(key, FILED - FILED_UNTIL)
        send(site, key, PDF + b"%%")
        saved.round()
        yield History(saved, moment)


@pytest.fixture
def copy(history: History, tmp_path: Path) -> Path:
    """A copy of the store, to break something in it."""
    return Path(shutil.copytree(history.saved.store, tmp_path / "copy"))


def said(_line: str) -> None:
    """Not looked at."""


def test_a_home_is_restored_as_it_was_at_a_moment(history: History, tmp_path: Path) -> None:
    saved, home = history.saved, Home.at(tmp_path / "home")
    restoring.into_home(saved.request(to=history.moment), home.path, said)
    server = Machine(home, {"postgres": free_ports(1)[0]}, 8000).postgres
    running = Running(server.part())
    try:
        running.wait_ready()
        url = server.url("madoguchi_intake", saved.site.passwords["madoguchi_intake"], "madoguchi").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from intake.application").fetchone() == (FILED_UNTIL,)
            assert connection.execute("select count(*) from intake.attachment").fetchone() == (2,)
    finally:
        running.end()
    assert home.secret("secret_key") == saved.site.environment["MADOGUCHI_SECRET_KEY"]
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in home.storage.rglob("attachments/*/*")} == {
        hashlib.sha256(PDF + more).hexdigest() for more in (b"", b"%", b"%%")
    }
    with pytest.raises(Refused, match="not empty"):
        restoring.into_home(saved.request(), home.path, said)


def test_a_rehearsal_finds_all_as_it_was(history: History) -> None:
    lines: list[str] = []
    report, wrong = rehearse(history.saved.house.vault, history.saved.identity, lines.append)
    assert wrong == [], lines
    assert report["files"] == 3
    assert report["tables"] > 50
    assert report["rows"] > FILED_AT_FIRST
    assert not list(Path(tempfile.gettempdir()).glob("madoguchi-rehearsal-*"))


def vault_of(store: Path) -> Vault:
    (offer,) = offers.everything(Folder(store))
    return offer.vault


def test_a_rehearsal_finds_rows_and_files_that_are_not_as_they_were(history: History, copy: Path) -> None:
    (manifest,) = copy.rglob("manifest")
    written = json.loads(manifest.read_text())
    written["point"]["tables"]["intake.application"][0] += 1
    written["point"]["tables"]["operation.act"][1] = "1"
    manifest.write_text(json.dumps(written))
    one, another, third = copy.rglob("objects/attachments/*/*")
    shutil.copy(one, another)
    third.unlink()
    _, wrong = rehearse(vault_of(copy), history.saved.identity, said)
    assert sorted(line.partition(": ")[2] for line in wrong) == [
        "3 rows, there were 4",
        f"{third.relative_to(copy / history.saved.house.vault.house)} is missing in the store.",
        "other content",
        "other content than the database says",
    ]


def test_keys_that_do_not_open_what_is_sealed_are_found(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsing, "read_secrets", lambda *a: read_secrets(*a) | {"sealing_keys": new_key("of-tests").encode()})
    _, wrong = rehearse(history.saved.house.vault, history.saved.identity, said)
    assert "intake.application.answers: what is sealed with the key of-tests is not opened by the keys among the secrets" in wrong
    assert all("is not opened" in line for line in wrong)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def flips_a_base(store: Path) -> None:
    flip(next(store.rglob("part-00001")))


def flips_the_secrets(store: Path) -> None:
    flip(next(store.rglob("secrets/*")))


def cuts_a_base(store: Path) -> None:
    part = next(store.rglob("part-00001"))
    part.write_bytes(part.read_bytes()[:100_000])


def loses_a_part(store: Path) -> None:
    next(store.rglob("part-00001")).unlink()


def loses_a_file(store: Path) -> None:
    next(store.rglob("objects/attachments/*/*")).unlink()


@pytest.mark.parametrize(
    "breaks",
    [flips_a_base, flips_the_secrets, cuts_a_base, loses_a_part, loses_a_file],
    ids=lambda one: one.__name__,
)
def test_a_broken_backup_is_refused_and_leaves_nothing(
    history: History, copy: Path, tmp_path: Path, breaks: Callable[[Path], None]
) -> None:
    breaks(copy)
    with pytest.raises(Broken):
        restoring.into_home(history.saved.request(copy), tmp_path / "home", said)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_broken_log_is_refused(history: History, copy: Path, tmp_path: Path) -> None:
    flip(next(copy.rglob("wal/*-partial")))
    (offer,) = offers.everything(Folder(copy))
    with pytest.raises(Broken, match="does not decrypt"):
        fetch_log(offer.vault, offer.base, history.saved.identity, tmp_path / "log")


def test_a_log_with_a_gap_is_said_and_nothing_after_it_is_promised(history: History, copy: Path, tmp_path: Path) -> None:
    for segment in copy.rglob("wal/*"):
        segment.unlink()
    (offer,) = offers.everything(Folder(copy))
    assert not offer.whole
    assert offer.end == offer.base.ended
    with pytest.raises(Refused, match="cannot be restored"):
        restoring.into_home(history.saved.request(copy, to=history.moment), tmp_path / "home", said)


def test_only_its_identity_opens_it_and_only_what_is_there_can_be_restored(history: History, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="another identity"):
        restoring.into_home(history.saved.request(key=x25519.Identity.generate()), tmp_path / "home", said)
    for moment in (history.moment - timedelta(days=1), history.moment + timedelta(days=1)):
        with pytest.raises(Refused, match="cannot be restored"):
            restoring.into_home(history.saved.request(to=moment), tmp_path / "home", said)
    assert list(tmp_path.iterdir()) == []


def test_nothing_lies_in_the_store_in_plain(history: History) -> None:
    secrets = [history.saved.site.environment["MADOGUCHI_SECRET_KEY"].encode(), PDF[:40], "窓口電機".encode()]
    for path in history.saved.store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
            with suppress(ValueError):
                json.loads(content or b"{}")  # the notes
                continue
            assert content.startswith(b"age-encryption.org/v1") or path.name.startswith(("part-", "house-")), path
