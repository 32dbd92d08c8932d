"""The chain: each entry in its place, so that one who changes, removes or moves a row breaks what follows (docs/adr/0015).

An act only notes its entry; chaining it there would make everybody wait for everybody. The worker seals what is committed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any

import orjson
from sqlalchemy import RowMapping, text
from sqlmodel import Session

from services.review.models import AuditLink
from shared.database import insert_many

AT_ONCE = 2000
BEFORE_THE_FIRST = bytes(32)

ENTRY = ("id", "at", "account_id", "account_name", "duty", "act", "case_id", "details", "traceparent")
ENTRY_COLUMNS = ", ".join(f"e.{name}" for name in ENTRY)

_ALONE = text("select pg_try_advisory_xact_lock(hashtext('review.audit'))")
_LAST = text("select seq, hash from review.audit_link order by seq desc limit 1")
# An entry is seen here once its transaction is over, whenever it began: a late one comes later, and is never passed over.
_TAKE = text(f"""
with taken as (
  delete from review.audit_waiting where entry_id in (select entry_id from review.audit_waiting order by entry_id limit :most)
  returning entry_id
)
select {ENTRY_COLUMNS} from taken join review.audit_entry e on e.id = taken.entry_id order by e.id
""")  # noqa: S608 - our own names


def digest(entry: RowMapping) -> bytes:
    """SHA-256 of an entry: its columns as JSON without spaces, keys sorted, times in UTC with microseconds."""
    written = {name: entry[name] for name in ENTRY} | {"at": entry["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(orjson.dumps(written, option=orjson.OPT_SORT_KEYS)).digest()


def linked(before: bytes, entry_digest: bytes) -> bytes:
    """The hash of the link that follows the one with the hash `before`."""
    return hashlib.sha256(before + entry_digest).digest()


def seal(session: Session, most: int = AT_ONCE) -> int:
    """Link a batch of what waits, in its order. Returns how many; none while another worker is at it."""
    if not session.scalar(_ALONE):
        return 0
    last = session.execute(_LAST).first()
    seq, before = (last.seq, last.hash) if last else (0, BEFORE_THE_FIRST)
    links: list[dict[str, Any]] = []
    for entry in session.execute(_TAKE, {"most": most}).mappings():
        seq, own = seq + 1, digest(entry)
        before = linked(before, own)
        # bytea, as PostgreSQL reads it from text
        links.append({"seq": seq, "entry_id": entry["id"], "digest": rf"\x{own.hex()}", "hash": rf"\x{before.hex()}"})
    insert_many(session, AuditLink, links)
    return len(links)
