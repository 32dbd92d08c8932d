"""How long backups are kept: so many bases, what came after the oldest of them, and the files it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploy.backup import base, files
from deploy.backup.server import SEGMENT, segment_number
from deploy.backup.wal import called

if TYPE_CHECKING:
    from deploy.backup.vault import Vault
    from shared.storage import Storage


def forget(vault: Vault, storage: Storage, keep: int) -> dict[str, int]:
    """Delete from the store what nobody can want any more; how much of each. Raises Broken, StorageError.

    The manifest of a base goes first: what is deleted by half is not offered.
    """
    every = base.every(vault)
    kept = every[-keep:]
    for one in every[:-keep]:
        vault.delete(f"bases/{one.id}/manifest")
    known = {one.id for one in kept}
    parts = [name for name in vault.names("bases") if name.split("/")[1] not in known]  # a base that was broken off too
    for name in parts:
        vault.delete(name)
    if not kept:
        return {"bases": len(every), "segments": 0, "files": 0}
    first = base.first_segment(kept[0])
    old = [name for name in vault.names("wal") if SEGMENT.fullmatch(called(name)) and segment_number(called(name)) < first]
    for name in old:
        vault.delete(name)
    gone = files.forget(vault, storage, datetime.now(UTC), kept[0].began)
    return {"bases": len(every) - len(kept), "segments": len(old), "files": gone}
