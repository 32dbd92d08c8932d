"""Addresses in one spelling, and the keyed hash they are looked up by."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from pydantic import SecretStr

_PURPOSE = b"notify.recipient:"


def normalised(recipient: str) -> str:
    """One spelling of an e-mail address, telephone number or address in lines: NFKC, small letters, no spaces at its ends."""
    return " ".join(unicodedata.normalize("NFKC", recipient).casefold().split())


def recipient_hash(secret_key: SecretStr, recipient: str) -> bytes:
    """What a recipient is looked up by: without the house's key nobody can try addresses against it."""
    return hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE + normalised(recipient).encode(), hashlib.sha256)
