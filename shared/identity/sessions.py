"""A person's browser sessions: which there are, and ending one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.identity.callers import hashed

if TYPE_CHECKING:
    from sqlmodel import Session

_DIGEST = 32  # bytes of a SHA-256


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended. `id` is the hash of its cookie, in hexadecimal: it opens nothing."""

    id: str
    created_at: datetime
    seen_at: datetime
    provider: str | None
    current: bool


def open_sessions(session: Session, cookie: str) -> list[OpenSession]:
    """The sessions of the person whose cookie this is, last used first; at most 100."""
    rows = session.execute(text("select * from identity.sessions_beside(:hash)"), {"hash": hashed(cookie)})
    return [OpenSession(bytes(row.hash).hex(), row.created_at, row.seen_at, row.provider, row.current) for row in rows]


def end_one(session: Session, cookie: str, session_id: str) -> bool:
    """End one of the sessions of the person whose cookie this is; False if he has no such session."""
    try:
        ended = bytes.fromhex(session_id)
    except ValueError:
        return False
    if len(ended) != _DIGEST:
        return False
    done = session.execute(text("select identity.end_beside(:hash, :ended)"), {"hash": hashed(cookie), "ended": ended})
    return bool(done.scalar())
