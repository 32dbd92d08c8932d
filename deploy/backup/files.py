"""People's files on their way into the store. A file never changes, so each is put there once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from deploy.backup.vault import Vault, closing
from shared.storage import Missing, Storage

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

AT_ONCE = 4
BATCH = 500
UNDER = "objects"


class Files:
    """The files of a house, and which of them the store has. It remembers them: 150 MB of memory for a million."""

    def __init__(self, vault: Vault, storage: Storage) -> None:
        self._vault, self._storage = vault, storage
        self._known: set[str] = set()
        self._looked = False

    def save(self) -> int:
        """Put into the store what it does not have; how many files. Raises StorageError."""
        if not self._looked:
            self._known = {name.removeprefix(f"{UNDER}/") for name in self._vault.names(UNDER)}
            self._looked = True
        return sum(_in_batches(self._save_one, (key for key in self._storage.keys() if key not in self._known)))  # noqa: SIM118 - no dict

    def _save_one(self, key: str) -> bool:
        try:
            with closing(self._storage.open(key)) as file:
                self._vault.put(f"{UNDER}/{key}", file)
        except Missing:  # deleted meanwhile
            return False
        self._known.add(key)
        return True


def forget(vault: Vault, storage: Storage, now: datetime, oldest: datetime) -> int:
    """Delete from the store what the house has not had since before `oldest`; how many. Raises StorageError.

    A note remembers since when a file is gone: whoever restores an older state still finds it.
    """
    present = set(storage.keys())
    before = vault.noted("gone")
    gone = {}
    deleted = 0
    for name in vault.names(UNDER):
        key = name.removeprefix(f"{UNDER}/")
        if key in present:
            continue
        since = before.get(key, now.isoformat())
        if datetime.fromisoformat(since) < oldest:
            vault.delete(name)
            deleted += 1
        else:
            gone[key] = since
    vault.note("gone", gone)
    return deleted


def restore(vault: Vault, storage: Storage, key: Identity) -> int:
    """Put every file of the store back, but those that are there; how many. Raises Broken, Locked, StorageError."""
    present = set(storage.keys())

    def one(name: str) -> bool:
        with storage.scratch() as file:
            vault.get_into(name, key, file)
            storage.put(name.removeprefix(f"{UNDER}/"), file)
        return True

    return sum(_in_batches(one, (name for name in vault.names(UNDER) if name.removeprefix(f"{UNDER}/") not in present)))


def _in_batches(work: Callable[[str], bool], names: Iterable[str]) -> Iterator[bool]:
    """Do a piece of work for each name, several at once. The first that fails ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        batch: list[str] = []
        for name in names:
            batch.append(name)
            if len(batch) == BATCH:
                yield from pool.map(work, batch)
                batch = []
        yield from pool.map(work, batch)
