"""Tokens that others gave us, sealed with the house's key: who reads the table alone cannot use them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from pydantic import SecretStr

_PURPOSE = b"notify.webhook-token"


def seal(secret_key: SecretStr, token: str) -> str:
    """A token as it may lie in a table (Fernet: AES-CBC with HMAC)."""
    return _fernet(secret_key).encrypt(token.encode()).decode()


def unsealed(secret_key: SecretStr, sealed: str) -> str | None:
    """The token again; None if it was sealed with another key of the house."""
    try:
        return _fernet(secret_key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _fernet(secret_key: SecretStr) -> Fernet:
    key = hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE, hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
