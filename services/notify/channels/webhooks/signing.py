"""Secrets and signatures of webhooks, as Standard Webhooks 1.0 has them: v1, HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr

PREFIX = "whsec_"
_PURPOSE = b"notify.webhook:"
# After a rotation both secrets sign for so long, so that a receiver can change over without losing anything.
OVERLAP = timedelta(hours=24)


def secret_of(secret_key: SecretStr, webhook_id: UUID, generation: int) -> str:
    """The secret of a webhook: derived with the house's key, so that no table holds it and it can be shown again."""
    derived = _PURPOSE + webhook_id.bytes + generation.to_bytes(8, "big")
    return PREFIX + base64.b64encode(hmac.digest(secret_key.get_secret_value().encode(), derived, hashlib.sha256)).decode()


def generations(newest: int, rotated_at: datetime | None, now: datetime) -> list[int]:
    """Whose secrets sign now, the newest first."""
    return [newest, newest - 1] if rotated_at is not None and now < rotated_at + OVERLAP else [newest]


def signed(message_id: UUID, at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The headers that let a receiver know who wrote this, and when. `webhook-id` stays the same for each try."""
    second = str(int(at.timestamp()))
    content = f"{message_id}.{second}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets)
    signatures = ("v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {"webhook-id": str(message_id), "webhook-timestamp": second, "webhook-signature": " ".join(signatures)}
