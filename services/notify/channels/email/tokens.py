"""What a mail's envelope and Message-ID name its message by, so that what comes back finds it and nobody can make it up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from pydantic import SecretStr

_PURPOSE = b"notify.bounce:"
_MAC_BYTES = 10
# base32 in small letters: the part of an address before the @ may come back in any case
_TOKEN = re.compile(rb"(?<![a-z2-7])[a-z2-7]{26}-[a-z2-7]{16}(?![a-z2-7])", re.IGNORECASE)
# Candidates that are looked at in one mail.
_MOST = 50


def token_of(secret_key: SecretStr, message_id: UUID) -> str:
    """43 characters: the id, and a seal that only the house can make."""
    return f"{_in_letters(message_id.bytes)}-{_in_letters(_seal(secret_key, message_id))}"


def message_named(secret_key: SecretStr, text: bytes) -> UUID | None:
    """The message that is named first by a true token anywhere in `text`."""
    for number, found in enumerate(_TOKEN.finditer(text)):
        if number >= _MOST:
            break
        letters, _, seal = found[0].upper().partition(b"-")
        message_id = UUID(bytes=base64.b32decode(letters + b"======"))
        if hmac.compare_digest(base64.b32decode(seal), _seal(secret_key, message_id)):
            return message_id
    return None


def return_address(bounce_address: str, token: str) -> str:
    """The envelope's sender: what cannot be delivered comes back to it (VERP)."""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}+{token}@{domain}"


def _seal(secret_key: SecretStr, message_id: UUID) -> bytes:
    return hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE + message_id.bytes, hashlib.sha256)[:_MAC_BYTES]


def _in_letters(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()
