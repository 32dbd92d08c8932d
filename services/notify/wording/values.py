"""The values of a message as they are when it is sent: its link, and the secrets that lie in no table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import SecretStr

from services.notify.models import Message
from services.notify.recipients.telephones import code_of
from services.notify.wording.compiling import Link
from shared.identity.callers import link_secret


def values_of(message: Message, base_url: str, secret_key: SecretStr) -> dict[str, Any]:
    """What a message of the house is filled with."""
    values: dict[str, Any] = dict(message.filling)
    link = base_url + values.pop("path", "/")
    if link_id := values.pop("link_id", None):
        link += f"?link={link_id}&secret={link_secret(secret_key, UUID(link_id))}"
    if code_id := values.pop("code_id", None):
        values["code"] = code_of(secret_key, UUID(code_id))
    return values | {"link": Link(link)}
