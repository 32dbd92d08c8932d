"""Finding what is sealed by its exact value: a hash of it with the house's key (HMAC-SHA-256), another one for each use.

Each hash begins with a mark of the key. What was hashed with another MADOGUCHI_SECRET_KEY is so told from what is another value.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

from shared.environment import setting

# Bytes of the key's mark, and of the hash behind it.
MARK, HASH = 4, 16
_SETTING = "MADOGUCHI_SECRET_KEY"
_PURPOSE = b"madoguchi.blind-index:"


class SecretKeyMissing(LookupError):
    """There is no MADOGUCHI_SECRET_KEY to hash with."""


def blind(use: str, value: str) -> bytes:
    """The hash of a value for one use, such as a column's place."""
    key, mark = _key(setting(_SETTING))
    return mark + hmac.digest(key, f"{use}\0{value}".encode(), hashlib.sha256)[:HASH]


def present_mark() -> bytes:
    """What every hash of now begins with."""
    return _key(setting(_SETTING))[1]


def whose(email: str) -> bytes:
    """The hash of whom an address belongs to, however it is written: a contact's, or an official's who might be the contact."""
    return blind("email", email.lower())


@cache
def _key(secret: str) -> tuple[bytes, bytes]:
    if not secret:
        raise SecretKeyMissing("MADOGUCHI_SECRET_KEY is not set: people cannot be found by their addresses. Name it, or --home.")
    key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
    return key, hmac.digest(key, b"mark", hashlib.sha256)[:MARK]
