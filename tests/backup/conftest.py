"""A house with a store for its backups, on the site's own PostgreSQL; it needs the programs of the same version: the wheels'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from pyrage import x25519

from deploy.backup.restoring import Request
from deploy.backup.running import House, Rounds, take_base
from deploy.backup.server import run
from deploy.backup.settings import Settings
from deploy.backup.wal import SLOT, Receiver, spool_of
from deploy.database import BACKUP
from shared.storage import storage_at
from tests.site import Site


@dataclass
class Saved:
    """A house that is backed up, and who can read it."""

    site: Site
    house: House
    identity: Any
    spool: Path
    receiver: Receiver
    rounds: Rounds

    @property
    def store(self) -> Path:
        """The store, a folder."""
        return Path(self.house.settings.store)

    def base(self) -> None:
        """Make a base, and put away what belongs to it."""
        take_base(self.house)
        self.round()

    def round(self) -> dict[str, Any]:
        """Put away what is new."""
        with self.site.owner.begin() as connection:  # the tests' server takes its time with what was committed
            connection.exec_driver_sql("set local synchronous_commit = on")
            connection.exec_driver_sql("select pg_logical_emit_message(true, 'a test', '')")
        return self.rounds.one(within=20, heads=True)

    def request(self, store: Path | None = None, **options: Any) -> Request:
        """A wish to restore it."""
        return Request(storage_at(str(store or self.store)), options.pop("key", self.identity), **options)


@contextmanager
def saving(site: Site, folder: Path, **settings: Any) -> Iterator[Saved]:
    """The site, whose log comes over; nothing of it is in the store yet."""
    version = str(site.value("show server_version")).partition(".")[0]
    if run("postgres", "--version").split()[2].partition(".")[0] != version:
        pytest.skip(f"the site's PostgreSQL is {version}, the programs are of another")
    for name in ("store", "secrets"):
        (folder / name).mkdir()
    for name in ("audit_key", "secret_key", "sealing_keys"):
        (folder / "secrets" / name).write_text(site.environment[f"MADOGUCHI_{name.upper()}"])
    identity = x25519.Identity.generate()
    asked: dict[str, Any] = {
        "database_url": SecretStr(site.url(BACKUP)),
        "store": str(folder / "store"),
        "recipients": (str(identity.to_public()),),
        "MADOGUCHI_STORAGE": str(site.storage),
        "MADOGUCHI_AUDIT_HEADS": str(site.heads),
        "secrets": folder / "secrets",
        "spool": folder / "spool",
    }
    house = House(Settings(**(asked | settings)))
    with spool_of(folder / "spool") as spool:
        receiver = Receiver(house.server, spool, most=house.settings.spool_bytes)
        receiver.keep_running()
        try:
            yield Saved(site, house, identity, spool, receiver, Rounds(house, spool))
        finally:
            receiver.end()
            house.engine.dispose()
            drop_slot(site)


def drop_slot(site: Site) -> None:
    """The server need not keep its log for us any more."""
    with psycopg.connect(site.admin_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [SLOT])
