"""The keys that seal: AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to the column a value belongs to."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.environment import setting
from shared.i18n import message
from shared.problems import Unavailable

VARIABLE = "MADOGUCHI_SEALING_KEYS"
ID = r"[a-z0-9][a-z0-9-]{0,31}"
NONE = "none"
_NONCE, _KEY = 12, 32
_LINE = re.compile(rf"({ID}):([A-Za-z0-9+/]{{43}}=)")


class SealingError(Unavailable):
    """A value cannot be opened. Nothing is lost by that: its row stays as it is. `str()` says which key, and where."""

    def __init__(self, detail: str, *, place: str, key: str) -> None:
        super().__init__(detail, place=place, key=key, retry_after=60)


@dataclass(frozen=True)
class Ring:
    """The keys by their ids: `first` seals, all of them open. Without any, nothing is sealed."""

    keys: Mapping[str, AESGCM] = field(default_factory=dict)
    first: str = ""

    @classmethod
    def read(cls, written: str) -> Ring:
        """The keys of a setting: `id:base64 of 32 bytes`, by lines or commas. Raises ValueError, which quotes no key.

        `none` in front of them: nothing is sealed yet, but what another process sealed is opened.
        """
        keys: dict[str, AESGCM] = {}
        lines = written.replace(",", "\n").split()
        for number, line in enumerate(lines, 1):
            if number == 1 and line == NONE:
                continue
            if (found := _LINE.fullmatch(line)) is None or found[1] in keys:
                raise ValueError(f"entry {number} has to be id:key, the id of its own, the key {_KEY} bytes as base64")
            keys[found[1]] = AESGCM(base64.b64decode(found[2]))
        return cls(keys, "" if lines[:1] == [NONE] else next(iter(keys), ""))

    def seal(self, place: str, content: bytes) -> str:
        """What stands in the database under the first key: base64 of nonce, ciphertext and tag."""
        nonce = os.urandom(_NONCE)
        return binascii.b2a_base64(nonce + self.keys[self.first].encrypt(nonce, content, place.encode()), newline=False).decode()

    def open(self, place: str, key: str, sealed: str) -> bytes:
        """What was sealed for this place. Raises SealingError where the key is not there, or the value is not what was sealed."""
        if (opener := self.keys.get(key)) is None:
            detail = message("{place} is sealed with the key {key}, which is not there: an operator has to put it back")
            raise SealingError(detail, place=place, key=key)
        try:
            raw = binascii.a2b_base64(sealed, strict_mode=True)
            return opener.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            detail = message("{place} was changed after it was sealed with the key {key}: an operator has to restore it")
            raise SealingError(detail, place=place, key=key) from None


def new_key(key_id: str) -> str:
    """A new key, as it stands in the setting."""
    return f"{key_id}:{base64.b64encode(AESGCM.generate_key(_KEY * 8)).decode()}"


@cache
def _of_setting() -> Ring:
    return Ring.read(setting(VARIABLE))


_in_place: list[Ring] = []


def ring() -> Ring:
    """The keys of this process: those of the setting, read once. Raises ValueError."""
    return _in_place[-1] if _in_place else _of_setting()


@contextmanager
def using(other: Ring) -> Iterator[Ring]:
    """Other keys for a while, for the whole process: rehearsals and tests."""
    _in_place.append(other)
    try:
        yield other
    finally:
        _in_place.remove(other)
