"""Heads: how far the chain goes and its hash there, signed (Ed25519) and written outside the database.

Whoever can rewrite the whole chain cannot rewrite the heads that lie elsewhere already. They are lines of JSON in a file a
month, only ever appended to: a folder on another machine, or one whose files can only grow (chattr +a), keeps them best.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, ClassVar, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import text
from sqlmodel import Session

_KEY_BYTES = 32
_MOST = 2**63 - 1
_NEWEST = text("select seq, hash from review.audit_link order by seq desc limit 1")
_TAIL = 4096  # bytes that surely hold the last line of a file
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """The chain at one moment: its last link and that link's hash, in hexadecimal; which key signed, and the signature."""

    PREFIX: ClassVar[bytes] = b"madoguchi audit head\n"

    seq: int
    hash: str
    at: str
    key: str
    signature: str

    @property
    def _signed(self) -> bytes:
        said = {name: value for name, value in asdict(self).items() if name != "signature"}
        return self.PREFIX + orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def of(cls, seq: int, link_hash: bytes, key: Ed25519PrivateKey) -> Self:
        """A signed head, as of now."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        head = cls(seq, link_hash.hex(), at, name_of(key.public_key()), "")
        return cls(seq, head.hash, at, head.key, base64.b64encode(key.sign(head._signed)).decode())

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """What a line says, if it is one."""
        try:
            head = cls(**orjson.loads(line))
        except (TypeError, ValueError):
            return None
        texts = (head.hash, head.at, head.key, head.signature)
        return (
            head if isinstance(head.seq, int) and 0 < head.seq <= _MOST and all(isinstance(one, str) for one in texts) else None
        )

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is this key's, and nothing was changed since."""
        try:
            key.verify(base64.b64decode(self.signature, validate=True), self._signed)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Unreadable:
    """A line that is no head."""

    where: str


def private_key(secret: str) -> Ed25519PrivateKey:
    """The key of 32 random bytes in Base64 (either alphabet). Raises ValueError."""
    return Ed25519PrivateKey.from_private_bytes(_decoded(secret))


def public_key(written: str) -> Ed25519PublicKey:
    """A public key as `written` says it. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(_decoded(written))


def written(key: Ed25519PublicKey) -> str:
    """A public key to keep elsewhere, in Base64."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def name_of(key: Ed25519PublicKey) -> str:
    """By what a head names its key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _decoded(encoded: str) -> bytes:
    try:
        found = base64.b64decode(encoded.strip().rstrip("=").translate(str.maketrans("-_", "+/")) + "=", validate=True)
    except ValueError:
        found = b""
    if len(found) != _KEY_BYTES:
        raise ValueError("a key is 32 bytes in Base64, such as `openssl rand -base64 32` makes")
    return found


def write_head(session: Session, folder: Path, key: Ed25519PrivateKey) -> Head | None:
    """Sign the newest committed link and append it, if the folder does not have it yet. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # gone with the file
        last = session.execute(_NEWEST).first()
        known = newest(folder)
        if last is None or (known is not None and known.seq >= last.seq):
            return None
        head = Head.of(last.seq, last.hash, key)
        with (folder / f"{head.at[:7]}.jsonl").open("ab+") as file:
            torn = file.tell() > 0 and _last_bytes(file, 1) != b"\n"  # by a power cut
            file.write((b"\n" if torn else b"") + orjson.dumps(asdict(head)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    _log.info("audit head", extra={"context": {"head": asdict(head)}})
    return head


def newest(folder: Path) -> Head | None:
    """The head that was appended last."""
    for path in sorted(folder.glob("*.jsonl"), reverse=True):
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            for line in reversed(_last_bytes(file, _TAIL).splitlines()):
                if head := Head.read(line):
                    return head
    return None


def every(folder: Path) -> Iterator[Head | Unreadable]:
    """All heads of a folder, in the order they were written, and the lines that are none."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield Head.read(line) or Unreadable(f"{path.name}, line {number}")


def _last_bytes(file: IO[bytes], most: int) -> bytes:
    file.seek(max(0, file.tell() - most))
    return file.read()
