"""Attachments: an organisation's files, from their arrival until they are filed or nobody wants them any more.

The row comes first and goes last: whatever is killed in between, the row says what to tidy up. Nobody gets a file before it is
scanned; where no scanner is set up (`scanning` is false), it is given out as “not scanned”, and says so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine, delete, exists, func, text, update
from sqlmodel import Session, col, select

from services.intake.models import Attachment, Enclosure
from services.intake.rights import reach
from shared.database import new_id
from shared.files.inspection import Sent
from shared.files.kept import reference, store
from shared.identity.callers import Caller, must_write
from shared.problems import Conflict, Forbidden, NotFound
from shared.retention.table import days
from shared.storage import Storage, attachment_key

# The queue of the errand that scans, and where what waits for it is written down.
SCANS, TABLE = "intake-scans", "intake.attachment"
# What an organisation may have that is not filed.
MOST_UNFILED, UNFILED_BYTES = 300, 1024 * 1024 * 1024
KEEP = timedelta(days=days("intake.attachment.unfiled"))
# A process that receives a file is done with it, or dead, after this time.
ARRIVING = timedelta(hours=1)
PURGED_AT_ONCE = 200
_KEPT = ("waiting", "clean", "infected", "failed")


def reference_text(attachment: Attachment) -> str:
    """Its reference as JSON, for a page's hidden field."""
    return orjson.dumps(reference(attachment)).decode()


def keep(engine: Engine, storage: Storage, caller: Caller, sent: Sent) -> Attachment:
    """Keep a file for the caller's organisation; it waits for its scan then. Raises Conflict, Unavailable: it is not kept."""
    with Session(engine, expire_on_commit=False) as session:
        attachment = _announced(session, caller, sent)
        store(session, storage, attachment, sent, SCANS)
        return attachment


def _announced(session: Session, caller: Caller, sent: Sent) -> Attachment:
    must_write(caller)
    if caller.organisation_id is None:
        raise Forbidden("Files are sent from an organisation's account")
    # Two that come at the same time must not both be the last one.
    lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
    session.execute(lock, {"name": f"intake.attachment {caller.organisation_id}"})
    count, size = session.exec(
        select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
            Attachment.organisation_id == caller.organisation_id, col(Attachment.state) != "leaving", ~_filed()
        )
    ).one()
    if count >= MOST_UNFILED or size + sent.size > UNFILED_BYTES:
        raise Conflict(
            "Your organisation has {count} files of {megabytes} MB that are not filed; file or remove some first",
            count=count,
            megabytes=int(size) // 1_000_000,
        )
    now = datetime.now(UTC)
    attachment = Attachment(
        id=new_id(),
        organisation_id=caller.organisation_id,
        account_id=caller.account_id,
        agent_id=caller.agent.organisation_id if caller.agent else None,
        name=sent.name,
        type=sent.type,
        size=sent.size,
        sha256=sent.sha256,
        state="arriving",
        due=now,
        created_at=now,
        expires_at=now + KEEP,
    )
    session.add(attachment)
    return attachment


def _filed() -> Any:
    return exists().where(col(Enclosure.attachment_id) == col(Attachment.id))


def shown(session: Session, caller: Caller, attachment_id: UUID) -> Attachment:
    """A file of the caller's organisation, or that it sent for a principal. Raises NotFound."""
    found = session.exec(
        select(Attachment).where(
            Attachment.id == attachment_id,
            reach.files(session, caller),
            col(Attachment.state).in_(_KEPT),
        )
    ).first()
    if found is None:
        raise NotFound("No attachment of your organisation has the id {id}", id=attachment_id)
    return found


def remove(session: Session, caller: Caller, attachment_id: UUID) -> None:
    """Give up a file that is not filed. Raises NotFound, Forbidden, Conflict."""
    must_write(caller)
    attachment = shown(session, caller, attachment_id)
    gone = session.exec(
        update(Attachment).where(col(Attachment.id) == attachment.id, ~_filed()).values(state="leaving", expires_at=func.now())
    )
    if not gone.rowcount:
        raise Conflict("This file is part of a filed application, and stays with it")


def purge(engine: Engine, storage: Storage) -> bool:
    """Delete a batch of the files that are leaving, and of those whose arrival was cut off; whether more wait.

    Raises StorageError: then the rest is deleted another time.
    """
    with Session(engine) as session:
        now = datetime.now(UTC)
        cut_off = (col(Attachment.state) == "arriving") & (col(Attachment.created_at) < now - ARRIVING)
        ids = session.exec(
            select(Attachment.id)
            .where(cut_off | (col(Attachment.state) == "leaving"), ~_filed())
            .order_by(col(Attachment.expires_at))
            .limit(PURGED_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        session.execute(update(Attachment).where(col(Attachment.id).in_(ids)).values(state="leaving", expires_at=now))
        session.commit()
        for attachment_id in ids:
            storage.delete(attachment_key(attachment_id))
        session.execute(delete(Attachment).where(col(Attachment.id).in_(ids), col(Attachment.state) == "leaving"))
        session.commit()
        return len(ids) == PURGED_AT_ONCE
