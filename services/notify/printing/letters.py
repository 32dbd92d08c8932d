"""Letters as the print room sees them: they wait (sent), are collected with a manifest, and are printed (delivered)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.channels.letters.carrier import letter_key
from services.notify.messages.acts import note_all
from services.notify.models import Message
from shared.operation.acts import Operator
from shared.problems import NotFound
from shared.storage import CHUNK, Storage

MANIFEST = "manifest.csv"
HEADER = ("id", "file", "sha256", "bytes", "made", "postage", "reference")

_COLLECTED = text("""
update notify.message set collected_at = now() where id = any(:ids)
""")
_PRINTED = text("""
update notify.message set state = 'delivered', completed_at = now()
where id = any(:ids) and channel = 'letter' and state = 'sent' returning id
""")


def waiting(session: Session, *, again: bool = True, limit: int = 1000) -> Sequence[Message]:
    """Letters that are made and not printed, the oldest first; without `again` only those that nobody collected yet."""
    query = select(Message).where(col(Message.channel) == "letter", col(Message.state) == "sent")
    if not again:
        # in `options`: by an older version of the post
        query = query.where(col(Message.collected_at).is_(None), ~col(Message.options).has_key("collected_at"))  # type: ignore[attr-defined] # JSONB's
    return session.exec(query.order_by(col(Message.id)).limit(limit)).all()


def content(session: Session, storage: Storage, message_id: UUID) -> bytes:
    """The PDF of a letter that is made. Raises NotFound, StorageError."""
    found = session.get(Message, message_id)
    if found is None or found.channel != "letter" or found.state not in {"sent", "delivered"}:
        raise NotFound("There is no such letter")
    return b"".join(_chunks(storage, message_id))


def collect(session: Session, storage: Storage, folder: Path, *, again: bool = False, limit: int = 1000) -> int:
    """Copy what waits into a folder, a line of its manifest for each. How many. Raises StorageError, OSError.

    Whoever ends this in the middle finds the rest the next time; what is in the manifest is in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    found = waiting(session, again=again, limit=limit)
    with manifest.open("a", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        if manifest.stat().st_size == 0:
            lines.writerow(HEADER)
        for one in found:
            pdf = b"".join(_chunks(storage, one.id))
            (folder / f"{one.id}.pdf").write_bytes(pdf)
            postage = one.options.get("postage") or ""
            digest = hashlib.sha256(pdf).hexdigest()
            lines.writerow((one.id, f"{one.id}.pdf", digest, len(pdf), one.created_at.isoformat(), postage, _safe(one.reference)))
            file.flush()
            session.execute(_COLLECTED, {"ids": [one.id]})
            session.commit()
    return len(found)


def printed(session: Session, who: Operator, ids: Sequence[UUID]) -> int:
    """These are printed and posted. How many of them had not been."""
    done = list(session.scalars(_PRINTED, {"ids": list(ids)}))
    note_all(session, who, "letter.printed", [(message_id, {}) for message_id in done])
    return len(done)


def ids_in(manifest: Path) -> Iterator[UUID]:
    """The letters of a manifest. Raises OSError, ValueError."""
    with manifest.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            yield UUID(line["id"])


def _safe(written: str | None) -> str:
    """A client's own words for a spreadsheet, which would take some for a formula."""
    return f"'{written}" if written and written[0] in "=+-@\t\r" else written or ""


def _chunks(storage: Storage, message_id: UUID) -> Iterator[bytes]:
    file = storage.open(letter_key(message_id))
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    finally:
        file.close()
