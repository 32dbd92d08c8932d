"""Addresses in one spelling, and the keyed hash they are looked up by."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from uuid import UUID

from pydantic import SecretStr

_PURPOSE = b"notify.recipient:"


def normalised(recipient: str) -> str:
    """One spelling of an e-mail address, telephone number or address in lines: NFKC, small letters, no spaces at its ends.

    A number has no hyphens, and none of Japan has its country.
    """
    spelt = " ".join(unicodedata.normalize("NFKC", recipient).casefold().split())
    number = re.sub(r"[\s().\u2010-\u2015\u30fc-]", "", spelt)
    return re.sub(r"^\+81", "0", number) if re.fullmatch(r"\+?[0-9]{8,15}", number) else spelt


def recipient_hash(secret_key: SecretStr, recipient: str) -> bytes:
    """What a recipient is looked up by: without the house's key nobody can try addresses against it."""
    return hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE + normalised(recipient).encode(), hashlib.sha256)


def masked(recipient: str) -> str:
    """A recipient as lists show it: who knows him recognises him, nobody can write to him. A webhook's id is no secret."""
    try:
        return str(UUID(recipient))
    except ValueError:
        pass
    local, at, domain = recipient.rpartition("@")
    if at and local:
        return f"{local[0]}…{local[-1] if len(local) > 2 else ''}@{domain}"  # noqa: PLR2004 - of two letters one is enough
    shown = recipient.split("\n", 1)[0]
    return f"…{shown[-3:]}" if shown.lstrip("+").replace("-", "").isdigit() else f"{shown[:3]}…"
