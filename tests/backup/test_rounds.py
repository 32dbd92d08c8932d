"""What backups do all the time: put away what is new, keep what can be wanted, forget the rest, and say how they are."""

from __future__ import annotations

import io
import stat
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr, ValidationError
from pyrage import x25519
from ruamel.yaml import YAML
from sqlmodel import Session
from typer.testing import CliRunner

from deploy.backup import base, files, keeping, keys, offers
from deploy.backup.base import Base
from deploy.backup.errors import Locked, Refused
from deploy.backup.running import House, Keeper, now
from deploy.backup.server import SEGMENT_BYTES, Lsn, sequence
from deploy.backup.settings import Settings
from deploy.backup.vault import Vault
from deploy.backup.wal import from_segment, spool_of
from deploy.cli import app
from deploy.database import BACKUP
from shared.operation import measuring, runs
from shared.operation.tables import Run
from shared.storage import Storage, storage_at
from tests.backup.conftest import Saved, drop_slot, saving
from tests.site import Site, eventually


@pytest.fixture
def saved(clean: Site, tmp_path: Path) -> Iterator[Saved]:
    with saving(clean, tmp_path) as made:
        yield made


ROOT = Path(__file__).parents[2]


def put(storage: Storage, *names: str) -> None:
    for name in names:
        with storage.scratch() as file:
            file.write(name.encode())
            storage.put(name, file)


def a_base(vault: Vault, began: datetime, segment: int) -> Base:
    """A base that begins in a segment of the log."""
    base_id = began.strftime(base.ID)
    parts = vault.put_in_parts(f"bases/{base_id}", io.BytesIO(b"a database"))
    start = f"0/{segment * SEGMENT_BYTES + 40:X}"
    made = Base(base_id, began, began + timedelta(minutes=1), "madoguchi", "18.6", 1, start, start, parts)
    base.publish(vault, made)
    return made


def test_bases_their_log_and_deleted_files_are_kept_as_long_as_somebody_may_want_them(tmp_path: Path) -> None:
    storage = storage_at(str(tmp_path / "storage"))
    vault = Vault(storage_at(str(tmp_path / "store")), "house-1", [x25519.Identity.generate().to_public()])
    put(storage, "attachments/aa/kept", "attachments/aa/deleted")
    files.Files(vault, storage).save()
    today = datetime.now(UTC)
    a_base(vault, today - timedelta(days=1), 5)
    for segment in (3, 4, 5, 9, 10):
        vault.put(f"wal/{1:08x}{0:08x}{segment:08x}", io.BytesIO(b"a segment"))
    vault.put("wal/00000002-history", io.BytesIO(b"a history"))
    vault.note("bases/20200101t000000z/left", {})  # of a base that was broken off
    storage.delete("attachments/aa/deleted")
    assert keeping.forget(vault, storage, keep=1) == {"bases": 0, "segments": 2, "files": 0}
    assert set(vault.names("objects")) == {"objects/attachments/aa/kept", "objects/attachments/aa/deleted"}
    newest = a_base(vault, today + timedelta(seconds=1), 9)
    assert keeping.forget(vault, storage, keep=2) == {"bases": 0, "segments": 0, "files": 0}
    assert keeping.forget(vault, storage, keep=1) == {"bases": 1, "segments": 1, "files": 1}
    assert base.every(vault) == [newest]
    assert {name.split("/")[1] for name in vault.names("bases")} == {newest.id}
    assert [int(name[-8:], 16) for name in sorted(vault.names("wal")) if "history" not in name] == [9, 10]
    assert "wal/00000002-history" in set(vault.names("wal"))
    assert list(vault.names("objects")) == ["objects/attachments/aa/kept"]


def test_files_are_put_away_once_and_those_that_vanish_meanwhile_are_passed_over(saved: Saved) -> None:
    put(saved.house.storage, "attachments/aa/one")
    some = files.Files(saved.house.vault, saved.house.storage)
    assert some.save() == 1
    assert some.save() == 0
    assert files.Files(saved.house.vault, saved.house.storage).save() == 0
    assert some._save_one("attachments/aa/gone") is False


def test_runs_are_noted_and_measured_and_a_process_that_was_killed_is_seen(saved: Saved) -> None:
    keeper = Keeper(saved.house)
    with Session(saved.site.operator) as session:
        killed = runs.begin(session, "backup.wal")
        saved.base()
        keeper._tell({"through": (datetime.now(UTC) - timedelta(seconds=90)).isoformat()}, last=False)
        assert session.get_one(Run, killed).outcome == "failed"
        how = measuring.backups(session)
    assert 0 <= (how["backup.base"].age or -1) < 60
    assert 90 <= (how["backup.wal"].age or 0) < 120
    assert not how["backup.base"].failed


def test_a_base_is_due_when_there_is_none_when_the_log_has_a_gap_and_after_its_time(saved: Saved) -> None:
    keeper = Keeper(saved.house)
    assert keeper._is_due("backup.base")
    saved.base()
    assert not keeper._is_due("backup.base")
    assert not keeper._is_due("backup.rehearsal")  # there is no identity here
    keeper._missed_at = datetime.now(UTC) + timedelta(seconds=1)
    assert keeper._is_due("backup.base")
    keeper._not_before["backup.base"] = datetime.now(UTC) + timedelta(minutes=1)  # it is tried at this moment
    assert not keeper._is_due("backup.base")


def test_a_slot_that_was_lost_is_made_anew_and_what_may_be_missing_is_said(saved: Saved) -> None:
    assert saved.receiver.keep_running() is False
    saved.receiver.end()
    drop_slot(saved.site)
    assert saved.receiver.keep_running() is True
    assert saved.round()["through"]


def test_a_full_spool_takes_no_more_until_there_is_room(saved: Saved) -> None:
    assert saved.round()
    saved.receiver._most = 1
    saved.receiver.keep_running()
    process = saved.receiver._process
    assert process
    assert process.poll() is not None
    saved.receiver._most = 2**40
    saved.receiver.keep_running()
    assert saved.round()["through"]


def test_one_backup_by_hand_can_be_restored_without_what_runs_all_the_time(saved: Saved, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Another process"), spool_of(saved.house.settings.spool):
        pytest.fail("the spool is in use")
    alone = House(saved.house.settings.model_copy(update={"spool": tmp_path / "another"}))
    made = now(alone)
    (offer,) = offers.of(alone.vault)
    assert offer.base == made
    assert made.point
    assert offer.lsn
    assert offer.lsn > Lsn.of(made.point.lsn)
    assert saved.site.value("select report->>'base' from operation.run where kind = 'backup.base'") == made.id
    alone.engine.dispose()


def test_it_goes_on_until_it_is_told_to_end_whatever_the_store_does(saved: Saved, tmp_path: Path) -> None:
    saved.house.settings.every_seconds = 0.1
    keeper = Keeper(saved.house)
    keeper._not_before["backup.base"] = datetime.now(UTC) + timedelta(minutes=1)
    working = threading.Thread(target=keeper.work, args=(saved.spool,))
    saved.receiver.end()
    working.start()
    through = "select (report->>'through')::timestamptz from operation.run where kind = 'backup.wal'"
    try:
        eventually(lambda: saved.site.value(through))
        saved.store.rename(tmp_path / "away")
        saved.store.write_text("no folder")
        time.sleep(0.5)
        saved.store.unlink()
        (tmp_path / "away").rename(saved.store)
        back = saved.site.value("select clock_timestamp()")
        eventually(lambda: saved.site.value(through) > back)
    finally:
        keeper._stopping.set()
        working.join(30)
    assert saved.site.value("select outcome from operation.run where kind = 'backup.wal'") == "done"


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("select count(*) from intake.application", True),
        ("update intake.application set state = 'x'", False),
        ("delete from operation.run", False),
        ("insert into operation.act (name, act, subject) values ('a', 'b', 'c')", False),
    ],
)
def test_the_role_of_the_backups_reads_everything_and_writes_only_its_runs(site: Site, statement: str, *, allowed: bool) -> None:
    with psycopg.connect(site.url(BACKUP).replace("+psycopg", "")) as connection:
        if allowed:
            connection.execute(statement.encode())
            return
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_in_containers_every_secret_is_saved_and_a_restore_fills_every_volume_that_matters() -> None:
    compose = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    backup, restore = compose["services"]["backup"], compose["services"]["restore"]
    assert set(backup["secrets"]) == set(compose["secrets"])
    filled = {mount.partition(":")[0] for mount in restore["volumes"] if ":/restored/" in mount}
    of_services = {
        mount.partition(":")[0] for one in compose["services"].values() for mount in one.get("volumes", ()) if ":" in mount
    }
    assert filled - {"${MADOGUCHI_SECRETS"} == of_services & {"postgres", "storage", "heads"}


def test_a_key_is_made_once_and_readable_by_us_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "identity.txt"
    made = CliRunner().invoke(app, ["backup", "key", "--out", str(file)])
    public = made.stdout.split("MADOGUCHI_BACKUP_RECIPIENTS=")[1].strip()
    assert str(keys.identity(file).to_public()) == public
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = CliRunner().invoke(app, ["backup", "key", "--out", str(file)])
    assert again.exit_code == 1
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdin", io.StringIO(file.read_text()))
        assert str(keys.identity(Path("-")).to_public()) == public
    file.write_text("# nothing\n")
    with pytest.raises(Locked, match="no identity"):
        keys.identity(file)


def test_recipients_that_are_none_stop_the_start() -> None:
    common: dict[str, Any] = {
        "database_url": SecretStr("x"),
        "store": "/store",
        "MADOGUCHI_STORAGE": "/x",
        "MADOGUCHI_AUDIT_HEADS": "/x",
    }
    for wrong in ("", "age1nothing", "AGE-SECRET-KEY-1"):
        with pytest.raises(ValidationError):
            Settings(**common, recipients=wrong)


def test_of_the_log_only_what_follows_without_a_gap_counts() -> None:
    def segment(number: int) -> str:
        return f"00000001{0:08X}{number:08X}"

    assert sequence([segment(3), segment(4), segment(6)], 3) == 4
    assert sequence([segment(4)], 3) == 2
    names = [f"wal/{segment(number).lower()}" for number in (2, 3)] + [
        f"wal/{segment(3).lower()}-partial",
        "wal/00000002-history",
    ]
    names.append("wal/000000020000000000000003")
    assert from_segment(names, 1, 3) == [f"wal/{segment(3).lower()}", "wal/00000002-history"]


def test_a_store_whose_disk_is_not_mounted_is_refused_and_an_empty_one_says_so(saved: Saved, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert CliRunner().invoke(app, ["backup", "list", "--from", str(tmp_path / "empty")]).exit_code == 1
    away = House(saved.house.settings.model_copy(update={"store": str(tmp_path / "not mounted")}))
    with pytest.raises(Refused, match="mount its disk"):
        _ = away.vault
