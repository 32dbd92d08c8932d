"""The rehearsal: the newest backup is restored into a throw-away folder, and compared with what was there."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deploy.backup import checking, recovery
from deploy.backup.errors import Refused
from deploy.backup.offers import of
from deploy.backup.recovery import Target
from deploy.backup.restoring import MOST_SHOWN, Say, problems
from deploy.backup.secrets import read_secrets, restore_heads
from deploy.backup.server import Lsn

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

    from deploy.backup.vault import Vault


def rehearse(vault: Vault, key: Identity, say: Say) -> tuple[dict[str, Any], list[str]]:
    """Restore the newest base twice: to where its tables were counted, and to the end. A report, and what is wrong.

    Raises BackupError, StorageError when it cannot be restored at all.
    """
    began = time.monotonic()
    offers = of(vault)
    if not offers:
        raise Refused("There is no backup to rehearse with.")
    offer = offers[-1]
    base = offer.base
    wrong: list[str] = [] if offer.whole else ["the log after the newest base has a gap; the next base closes it"]
    with tempfile.TemporaryDirectory(prefix="madoguchi-rehearsal-") as folder:
        place = Path(folder)
        secrets = read_secrets(vault, key)
        restore_heads(vault, key, place / "heads", None)
        recovery.lay_out(vault, base, key, place / "postgres")
        segments = recovery.fetch_log(vault, base, key, place / "log")
        say(f"Base of {base.began:%Y-%m-%d %H:%M:%S} UTC, {base.size / 1e6:,.0f} MB, and {segments:,} segments of the log.")
        rows = 0
        if base.point is None:
            say("Tables: not compared; the database was never quiet for a moment when this base was made.")
        elif offer.lsn is None or offer.lsn <= Lsn.of(base.point.lsn):
            say("Tables: not compared; the log does not go on from this base far enough.")
        else:
            there = Target((("recovery_target_lsn", base.point.lsn), ("recovery_target_inclusive", "off")), pause=True)
            with recovery.recovered(place / "postgres", place / "log", base.database, there) as url:
                wrong += checking.tables(url, base.point)
            rows = sum(int(row) for row, _ in base.point.tables.values())
            say(f"Tables: {len(base.point.tables)} with {rows:,} rows compared.")
        files = 0

        def read(name: str, out: IO[bytes]) -> None:
            nonlocal files
            files += 1
            vault.get_into(f"objects/{name}", key, out)

        with recovery.recovered(place / "postgres", place / "log", base.database, Target(end=offer.lsn)) as url:
            wrong += problems(url, read, place / "heads", secrets, say)
        shutil.rmtree(place / "log")
    report = {
        "base": base.id,
        "through": offer.end.astimezone(UTC).isoformat(),
        "tables": len(base.point.tables) if base.point and rows else 0,
        "rows": rows,
        "files": files,
        "seconds": round(time.monotonic() - began, 1),
        "wrong": wrong[:MOST_SHOWN],
    }
    return report, wrong
