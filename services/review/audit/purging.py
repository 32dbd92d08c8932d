"""The oldest part of the trace goes after its years; its links stay, so the chain still proves the order and number of all.

Up to which link entries may be missing is said beforehand, signed like a head and in the same folder: `verify` accepts those
missing, and no others (docs/adr/0015).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlmodel import Session

from services.review.audit.heads import Head, Unreadable
from shared.retention.purging import Purged

# Not named like a file of heads, which are all `*.jsonl`.
FILE = "purged.log"
_LINK = text("select seq, hash from review.audit_link where seq = :seq")
_FORGET = text("select review.forget_entries(:seqs)")


class Checkpoint(Head):
    """Up to this link, entries may be missing: they were purged when their time was over."""

    PREFIX: ClassVar[bytes] = b"madoguchi audit purged\n"


def purge(folder: Path, key: Ed25519PrivateKey) -> Callable[[Session, Sequence[Purged]], None]:
    """What purges entries, by the numbers of their links: says so in the folder first, and then deletes. Raises OSError."""

    def forget(session: Session, found: Sequence[Purged]) -> None:
        seqs = sorted(int(one.id) for one in found)
        last = session.execute(_LINK, {"seq": seqs[-1]}).one()
        known = max((one.seq for one in every(folder) if isinstance(one, Checkpoint)), default=0)
        if last.seq > known:
            _append(folder, Checkpoint.of(last.seq, last.hash, key))
        session.execute(_FORGET, {"seqs": seqs})

    return forget


def _append(folder: Path, checkpoint: Head) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / FILE).open("ab") as file:
        file.write(b"\n" * (file.tell() > 0) + orjson.dumps(asdict(checkpoint)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def every(folder: Path) -> Iterator[Checkpoint | Unreadable]:
    """All that was said of purging, in its order."""
    path = folder / FILE
    if path.exists():
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            if line.strip():
                yield Checkpoint.read(line) or Unreadable(f"{FILE}, line {number}")
