"""Files that a service keeps, whichever: how one is named, how it stands, and whether it may be handed out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import Session

from shared.bus.publish import ring_after_commit
from shared.files.inspection import Sent
from shared.problems import Conflict, NotFound, Unavailable
from shared.storage import Missing, Readable, Storage, StorageError, attachment_key

MOST_FILES = 10  # with one message, note or opinion


class Kept(Protocol):
    """The row of a file, in any service's table.

    `state` is arriving, waiting (for its scan), clean, infected, failed or leaving; `type` the media type by content, `size`
    in bytes.
    """

    id: UUID
    name: str
    size: int
    type: str
    sha256: bytes
    state: str
    due: datetime


def reference(file: Kept) -> dict[str, Any]:
    """What stands for it in answers and events. With its digest there, the digest of a filing covers its files too."""
    return {"id": str(file.id), "name": file.name, "size": file.size, "type": file.type, "sha256": file.sha256.hex()}


def state_of(file: Kept, *, scanning: bool) -> str:
    """Its state as people see it: waiting, clean, infected, failed, or unscanned where no scanner is set up."""
    return "unscanned" if file.state == "waiting" and not scanning else file.state


def store(session: Session, storage: Storage, row: Kept, sent: Sent, scans: str) -> None:
    """Commit the row of a file, then keep its content, then let it wait for its scan, for which the queue `scans` is rung.

    Raises Unavailable: it is not kept.
    """
    session.commit()
    try:
        storage.put(attachment_key(row.id), sent.file)
    except StorageError:
        session.delete(row)
        session.commit()
        raise Unavailable("Files cannot be kept at this moment; nothing was accepted, try again later", retry_after=30) from None
    row.state, row.due = "waiting", datetime.now(UTC)
    ring_after_commit(session, scans)
    session.commit()


def content(storage: Storage, file: Kept, *, scanning: bool) -> Readable:
    """What is in it, if it may be given out. Raises Conflict, NotFound, Unavailable."""
    if file.state == "infected":
        raise Conflict("A virus was found in this file; nobody can have it")
    if file.state == "failed" or (file.state == "waiting" and scanning):
        raise Conflict("This file is not scanned for viruses yet; ask again later", retry_after=30)
    return opened(storage, attachment_key(file.id))


def opened(storage: Storage, key: str) -> Readable:
    """A file of the storage. Raises NotFound, Unavailable."""
    try:
        return storage.open(key)
    except Missing:
        raise NotFound("This file is not there any more; a later scan may have found a virus in it") from None
    except StorageError:
        raise Unavailable("This file cannot be read at this moment; try again later", retry_after=30) from None
