"""The API keys of an organisation, as its owners manage them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from shared.database import new_id
from shared.identity.callers import KEY_PREFIX, PREFIX_SHOWN, Caller, Rights, hashed, must_own, new_secret
from shared.identity.owning import answered
from shared.identity.personal import NAME

if TYPE_CHECKING:
    from sqlmodel import Session


_KEYS = text("select * from identity.keys(:proof)").columns(holder=NAME)


@dataclass(frozen=True)
class Key:
    """A key in use. It acts as its `holder`, with `rights` at most; `prefix` is how it begins."""

    id: UUID
    prefix: str
    label: str
    rights: Rights
    holder: str
    created_at: datetime
    last_used_at: datetime | None


def keys(session: Session, caller: Caller, proof: bytes) -> list[Key]:
    """The keys in use of the caller's organisation, the oldest first. Raises Forbidden."""
    must_own(caller)
    return [Key(**row) for row in session.execute(_KEYS, {"proof": proof}).mappings()]


def add_key(session: Session, proof: bytes, label: str, rights: Rights) -> tuple[UUID, str]:
    """A new key: its id, and itself, to be shown this once. Raises Forbidden, TooMany."""
    id_, key = new_id(), KEY_PREFIX + new_secret()
    answered(
        session,
        "add_key(:proof, :id, :hash, :prefix, :label, :rights)",
        proof=proof,
        id=id_,
        hash=hashed(key),
        prefix=key[:PREFIX_SHOWN],
        label=label,
        rights=rights,
    )
    return id_, key


def revoke_key(session: Session, proof: bytes, key: UUID) -> None:
    """End a key. Raises Forbidden, NotFound."""
    answered(session, "revoke_key(:proof, :id)", proof=proof, id=key)
