"""Keys of clients. A key's secret is derived from its id with the house's key: no table holds it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.notify.models import Client, ClientKey
from shared.problems import Conflict, FieldError, Invalid, NotFound

if TYPE_CHECKING:
    from pydantic import SecretStr

# normal is called live where people read it. team: only to the client's team; test: nothing is sent.
KeyType = Literal["normal", "team", "test"]
KEY_TYPES: tuple[KeyType, ...] = get_args(KeyType)
_PURPOSE = b"notify.client-key:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
# Of one client, with those that were revoked: a token is tried with each of them.
MOST_KEYS = 100


def key_secret(secret_key: SecretStr, key_id: UUID) -> str:
    """What a client signs its tokens with: a UUID, as the clients expect."""
    digest = hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE + key_id.bytes, hashlib.sha256)
    return str(UUID(bytes=digest[:16], version=4))


def spoken(secret_key: SecretStr, key: ClientKey) -> str:
    """A key as a client takes it: its name, the client's id and the secret. Shown once, when it is made."""
    return f"{key.name}-{key.client_id}-{key_secret(secret_key, key.id)}"


def add_key(session: Session, client: Client, name: str, kind: KeyType, by: str) -> ClientKey:
    """Make a key. Raises Invalid, and Conflict where the client has too many or is archived."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            "See the list of errors", errors=[FieldError("/name", "Use letters, digits, “.”, “_” and “-”, at most 60 of them")]
        )
    if client.archived_at:
        raise Conflict("{name} is archived", name=client.name)
    if session.exec(select(func.count()).where(ClientKey.client_id == client.id)).one() >= MOST_KEYS:
        raise Conflict("A client has at most {most} keys, with those that were revoked", most=MOST_KEYS)
    key = ClientKey(client_id=client.id, name=name, type=kind, created_by=by)
    session.add(key)
    session.flush()
    return key


def revoke(session: Session, client_id: UUID, key_id: UUID) -> ClientKey:
    """End a key of this client: from its next request on it is refused. Raises NotFound."""
    key = session.exec(
        select(ClientKey).where(ClientKey.client_id == client_id, ClientKey.id == key_id).with_for_update()
    ).first()
    if key is None:
        raise NotFound("The client has no key with the id {id}", id=key_id)
    key.revoked_at = key.revoked_at or datetime.now(UTC)
    session.add(key)
    session.flush()
    return key


def keys_of(session: Session, client_id: UUID) -> Sequence[ClientKey]:
    """A client's keys, newest first, with those that were revoked."""
    return session.exec(
        select(ClientKey).where(ClientKey.client_id == client_id).order_by(col(ClientKey.id).desc()).limit(MOST_KEYS)
    ).all()
