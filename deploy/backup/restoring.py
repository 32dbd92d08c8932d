"""Restoring a house into empty folders: all of it is checked before it is where a house would start from it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from deploy.backup import checking, files, recovery
from deploy.backup.errors import Broken, Refused
from deploy.backup.offers import chosen
from deploy.backup.recovery import Target
from deploy.backup.secrets import read_secrets, restore_heads, restore_secrets
from deploy.backup.vault import closing
from shared.environment import setting
from shared.storage import CHUNK, Storage, storage_at

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

MOST_SHOWN = 20
# What secrets are called in containers begins so; in a home it does not.
PREFIX = "madoguchi_"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the parts of a house go."""

    postgres: Path
    storage: str
    heads: Path
    secrets: Path
    secret_mode: int = 0o600

    @classmethod
    def home(cls, home: Path) -> Place:
        """A home of one machine."""
        return cls(home / "postgres", str(home / "storage"), home / "audit-heads", home / "secrets")

    def folders(self) -> list[Path]:
        """Its folders."""
        return [self.postgres, self.heads, self.secrets, *([Path(self.storage)] if self.storage.startswith("/") else [])]


@dataclass(frozen=True)
class Request:
    """What is to be restored: from where, by which key, up to when (None: all there is)."""

    store: Storage
    key: Identity
    to: datetime | None = None
    house: str | None = None
    incomplete: bool = False


def into_home(request: Request, home: Path, say: Say) -> None:
    """Restore one machine's home, which must not be there or be empty. Raises BackupError, StorageError."""
    if not _is_empty(home):
        raise Refused(f"{home} is not empty. Nothing is restored over what is there; name another with --home.")
    making = home.with_name(f"{home.name}.restoring")
    shutil.rmtree(making, ignore_errors=True)  # of a restore that was broken off
    making.mkdir(parents=True, mode=0o700)
    try:
        _restore(request, Place.home(making), making / "log", say)
        if home.exists():
            home.rmdir()
        os.sync()
        making.rename(home)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def into_place(request: Request, place: Place, work: Path, say: Say) -> None:
    """Restore into folders that are there and empty, such as volumes; `work` is for what is needed meanwhile.

    When it fails they are empty again, and what lies in S3 stays. Raises BackupError, StorageError.
    """
    for folder in place.folders():
        if not folder.is_dir():
            raise Refused(f"There is no folder {folder}.")
        if not _is_empty(folder):
            raise Refused(f"{folder} is not empty. Nothing is restored over what is there.")
    owners = {folder: folder.stat() for folder in place.folders()}
    try:
        _restore(request, place, work, say)
    except BaseException:
        for folder in place.folders():
            for one in folder.iterdir():
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        raise
    for folder, owner in owners.items():
        for one in (folder, *folder.rglob("*")):
            os.chown(one, owner.st_uid, owner.st_gid)
    os.sync()


def into_volumes(request: Request, folder: Path, say: Say) -> None:
    """Restore into the folders postgres, audit-heads, secrets and (unless MADOGUCHI_STORAGE is S3) storage of a folder."""
    storage = setting("MADOGUCHI_STORAGE")
    files_at = storage if storage.startswith("s3://") else str(folder / "storage")
    # As deploy/compose/secrets.sh makes them: readable for all, in a folder that only its owner can enter.
    place = Place(folder / "postgres", files_at, folder / "audit-heads", folder / "secrets", secret_mode=0o444)
    with tempfile.TemporaryDirectory(prefix="madoguchi-log-") as work:
        Path(work).chmod(0o711)  # PostgreSQL's account passes through
        into_place(request, place, Path(work, "log"), say)


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(one.name != "lost+found" for one in folder.iterdir()))


def _restore(request: Request, place: Place, log: Path, say: Say) -> None:
    offer = chosen(request.store, request.to, request.house)
    say(f"Restoring {offer.vault.house} from the base of {offer.base.began:%Y-%m-%d %H:%M:%S} UTC.")
    key, vault = request.key, offer.vault
    secrets = read_secrets(vault, key)
    recovery.lay_out(vault, offer.base, key, place.postgres)
    segments = recovery.fetch_log(vault, offer.base, key, log)
    say(f"Database: {offer.base.size / 1e6:,.0f} MB and {segments:,} segments of the log.")
    # With what was committed at that moment.
    target = Target((("recovery_target_time", request.to.isoformat()),) if request.to else (), end=offer.lsn)
    with recovery.recovered(place.postgres, log, offer.base.database, target) as url:
        restore_secrets(secrets, place.secrets, place.secret_mode)
        restore_heads(vault, key, place.heads, request.to)
        storage = storage_at(place.storage)
        say(f"Files: {files.restore(vault, storage, key):,} restored.")

        def read(name: str, out: IO[bytes]) -> None:
            with closing(storage.open(name)) as file:
                while data := file.read(CHUNK):
                    out.write(data)

        wrong = list(problems(url, read, place.heads, secrets, say))
    shutil.rmtree(log)
    for one in wrong[:MOST_SHOWN]:
        say(f"WRONG   {one}")
    if wrong and not request.incomplete:
        raise Broken(f"{len(wrong)} wrong; nothing was restored. Take an older base (--to), or take it as it is (--incomplete).")


def problems(url: str, read: Callable[[str, IO[bytes]], None], heads: Path, secrets: dict[str, bytes], say: Say) -> Iterator[str]:
    """What is wrong with files, sealed columns and traces of a restored database."""

    def secret(name: str) -> str:
        return secrets.get(name, secrets.get(PREFIX + name, b"")).decode()

    count = 0
    for wrong in checking.files(url, read):
        count += 1
        if wrong:
            yield wrong
    say(f"Files: {count:,} compared with what the database says of them.")
    yield from checking.sealed(url, secret("sealing_keys"))
    yield from checking.traces(url, heads, secret("audit_key"))
