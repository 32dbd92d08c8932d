"""Keys in age's format (age-encryption.org/v1): the machine knows recipients, and only whoever restores has an identity."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyrage import IdentityError, RecipientError, x25519

from deploy.backup.errors import Locked, Refused

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient


def recipient(written: str) -> Recipient:
    """A public key, age1…. Raises ValueError."""
    try:
        return x25519.Recipient.from_str(written)
    except RecipientError:
        raise ValueError("no public key of `madoguchi backup key`, which begins with age1") from None


def identity(file: Path) -> Identity:
    """The identity in a file of `madoguchi backup key` or age-keygen, or (`-`) on standard input. Raises Locked."""
    try:
        written = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        lines = [line.strip() for line in written.splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise Locked(f"The identity {file} cannot be read ({type(error).__name__}).") from None
    try:
        return x25519.Identity.from_str(next(line for line in lines if line and not line.startswith("#")))
    except (StopIteration, IdentityError):
        raise Locked(f"In {file} is no identity; it has a line that begins with AGE-SECRET-KEY-1.") from None


def make(file: Path) -> str:
    """Write a new identity, readable by us alone; its public key. Raises Refused if the file is there already."""
    made = x25519.Identity.generate()
    public = str(made.to_public())
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"{file} cannot be made ({error.strerror}).") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(f"# public key: {public}\n{made}\n")
        out.flush()
        os.fsync(out.fileno())
    return public
