"""What a store can restore: each base, and up to when the log goes on from it without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deploy.backup import base as bases
from deploy.backup.errors import Refused
from deploy.backup.server import SEGMENT, Lsn, sequence
from deploy.backup.vault import Vault, houses
from deploy.backup.wal import called, is_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.backup.base import Base
    from shared.storage import Storage


@dataclass(frozen=True)
class Offer:
    """A base, and the last moment that can be restored from it (None: of the log after it nothing is known)."""

    vault: Vault
    base: Base
    until: datetime | None
    lsn: Lsn | None = None
    """Up to where the log is there, if it goes on from this base."""
    whole: bool = True
    """Whether the log goes on from this base without a gap up to what came last."""

    @property
    def end(self) -> datetime:
        """The last moment that can be restored for certain."""
        return self.until or self.base.ended


def of(vault: Vault) -> list[Offer]:
    """What one house's backups offer, oldest first. Raises Broken, StorageError."""
    segments = [name for name in map(called, vault.names("wal")) if SEGMENT.fullmatch(name)]
    offers = []
    for base in bases.every(vault):
        said = vault.noted(f"through/{base.timeline:08x}")
        through = (datetime.fromisoformat(said["at"]), Lsn.of(said["lsn"])) if said else None
        goes_on = through is not None and through[0] >= base.ended
        # A place at the very beginning of a segment is reached by the one before it.
        needed = Lsn(through[1].at - 1).segment if through else 0
        log = [name for name in segments if is_of(name, base.timeline)]
        whole = not goes_on or sequence(log, bases.first_segment(base)) >= needed
        until, lsn = through if through is not None and goes_on and whole else (None, None)
        offers.append(Offer(vault, base, until, lsn, whole))
    return offers


def everything(storage: Storage) -> Iterator[Offer]:
    """What a store offers, of all houses. Raises Broken, StorageError."""
    for house in houses(storage):
        yield from of(Vault(storage, house))


def chosen(storage: Storage, to: datetime | None, house: str | None = None) -> Offer:
    """The newest base from which `to` (None: the latest) can be reached. Raises Refused, Broken, StorageError."""
    offers = sorted((one for one in everything(storage) if house in {None, one.vault.house}), key=lambda one: one.base.began)
    if not offers:
        raise Refused("There is no backup in this store" + (f" of {house}." if house else "."))
    if house is None and len(found := {one.vault.house for one in offers}) > 1:
        raise Refused(f"The store has backups of several houses; name one with --house: {', '.join(sorted(found))}")
    if to is None:
        return offers[-1]
    reached = [one for one in offers if one.base.ended <= to <= one.end]
    if not reached:
        spans = "\n".join(f"  {one.base.ended:%Y-%m-%d %H:%M:%S} to {one.end:%Y-%m-%d %H:%M:%S} UTC" for one in offers)
        raise Refused(f"That moment cannot be restored. What can:\n{spans}")
    return reached[-1]
