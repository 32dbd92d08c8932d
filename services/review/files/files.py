"""Files about a case, from their arrival until a note, an opinion or a message has them, or nobody wants them.

The row comes first and goes last, as at the counter (docs/adr/0011): whatever is killed in between, the row says what to tidy up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, delete, func, text, update
from sqlmodel import Session, col, select

from services.review.models import CaseFile
from services.review.wall import HOUSE, acts
from shared.database import new_id
from shared.files.inspection import Sent
from shared.files.kept import MOST_FILES, store
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.storage import Storage, attachment_key

# The queue of the errand that scans, and where what waits for it is written down.
SCANS, TABLE = "review-scans", "review.file"
# About one case, and of one sender that nothing has yet.
MOST_OF_CASE, MOST_LOOSE = 500, 30
BYTES_OF_CASE = 1024 * 1024 * 1024
# A process that receives a file is done with it, or dead, after this time.
ARRIVING = timedelta(hours=1)
PURGED_AT_ONCE = 200
_THERE = ("waiting", "clean", "infected", "failed")


def keep(engine: Engine, storage: Storage, case_id: UUID, sender_id: UUID, sent: Sent) -> CaseFile:
    """Keep a file about a case; it waits for its scan then. Raises Conflict, Unavailable: it is not kept."""
    with Session(engine, expire_on_commit=False) as session:
        acts(session, HOUSE)  # whoever sends it may do so: that was looked at before
        file = _announced(session, case_id, sender_id, sent)
        store(session, storage, file, sent, SCANS)
        return file


def _announced(session: Session, case_id: UUID, sender_id: UUID, sent: Sent) -> CaseFile:
    # Two that come at the same time must not both be the last one.
    lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
    session.execute(lock, {"name": f"review.file {case_id}"})
    loose = func.count().filter(col(CaseFile.sender_id) == sender_id, col(CaseFile.owner_id).is_(None))
    size = func.coalesce(func.sum(CaseFile.size), 0)
    of_case = select(func.count(), size, loose).where(CaseFile.case_id == case_id, col(CaseFile.state) != "leaving")
    count, whole, unused = session.exec(of_case).one()
    if count >= MOST_OF_CASE or whole + sent.size > BYTES_OF_CASE or unused >= MOST_LOOSE:
        raise Conflict("There are too many files about this case already; nothing was accepted")
    now = datetime.now(UTC)
    file = CaseFile(
        id=new_id(),
        case_id=case_id,
        sender_id=sender_id,
        name=sent.name,
        type=sent.type,
        size=sent.size,
        sha256=sent.sha256,
        due=now,
        created_at=now,
    )
    session.add(file)
    return file


def of_owners(session: Session, owners: Collection[UUID]) -> dict[UUID, list[CaseFile]]:
    """The files of notes, opinions or messages, in the order they came."""
    found: dict[UUID, list[CaseFile]] = {owner: [] for owner in owners}
    query = select(CaseFile).where(col(CaseFile.owner_id).in_(owners), col(CaseFile.state).in_(_THERE))
    for file in session.exec(query.order_by(col(CaseFile.id))) if owners else ():
        if file.owner_id is not None:
            found[file.owner_id].append(file)
    return found


def loose(session: Session, case_id: UUID, sender_id: UUID, ids: Sequence[str]) -> list[CaseFile]:
    """Of these ids the files that a sender sent about a case, also those that something has by now."""
    known = [one for one in map(_id, ids) if one is not None]
    query = select(CaseFile).where(
        CaseFile.case_id == case_id,
        CaseFile.sender_id == sender_id,
        col(CaseFile.id).in_(known),
        col(CaseFile.state).in_(_THERE),
    )
    return list(session.exec(query.order_by(col(CaseFile.id)))) if known else []


def give(session: Session, case_id: UUID, sender_id: UUID, owner_id: UUID, ids: Sequence[str]) -> list[CaseFile]:
    """Give what a sender sent to a note, an opinion or a message; what it had besides leaves. Raises Invalid."""
    files = [file for file in loose(session, case_id, sender_id, ids) if file.owner_id in {None, owner_id}]
    if len(set(ids)) > MOST_FILES:
        many = FieldError("/files", "Attach at most {most} files", {"most": MOST_FILES})
        raise Invalid("Some entries need mending", errors=[many])
    if len(files) != len(set(ids)):
        gone = FieldError("/files", "A file is not here any more; attach it again")
        raise Invalid("Some entries need mending", errors=[gone])
    if wrong := [file for file in files if file.state in {"infected", "failed"}]:
        said = FieldError("/files", "“{name}” has a virus, or could not be scanned; take it out", {"name": wrong[0].name})
        raise Invalid("Some entries need mending", errors=[said])
    kept = [file.id for file in files]
    others = update(CaseFile).where(col(CaseFile.owner_id) == owner_id, col(CaseFile.id).not_in(kept))
    session.execute(others.values(state="leaving"))
    for file in files:
        file.owner_id = owner_id
        session.add(file)
    return files


def must_be_scanned(files: Sequence[CaseFile]) -> None:
    """Raises Conflict while one waits for its scan: what leaves the desk was scanned before."""
    if any(file.state == "waiting" for file in files):
        raise Conflict("A file is being scanned for viruses; send this again in a moment", retry_after=5)


def drop(session: Session, owner_id: UUID) -> None:
    """What has these files is gone: they go too."""
    session.execute(update(CaseFile).where(col(CaseFile.owner_id) == owner_id).values(state="leaving"))


def shown(session: Session, case_id: UUID, owner_id: UUID, file_id: UUID) -> CaseFile:
    """A file of a note, an opinion or a message about a case. Raises NotFound."""
    query = select(CaseFile).where(
        CaseFile.id == file_id, CaseFile.case_id == case_id, CaseFile.owner_id == owner_id, col(CaseFile.state).in_(_THERE)
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound("There is no such file here")
    return found


def purge(engine: Engine, storage: Storage) -> bool:
    """Delete a batch of what is leaving, and of what was broken off; whether more wait. Raises StorageError."""
    with Session(engine) as session:
        now = datetime.now(UTC)
        cut_off = (col(CaseFile.state) == "arriving") & (col(CaseFile.created_at) < now - ARRIVING)
        left = col(CaseFile.state) == "leaving"
        query = select(CaseFile.id).where(cut_off | left).limit(PURGED_AT_ONCE).with_for_update(skip_locked=True)
        ids = session.exec(query).all()
        session.execute(update(CaseFile).where(col(CaseFile.id).in_(ids)).values(state="leaving"))
        session.commit()
        for file_id in ids:
            storage.delete(attachment_key(file_id))
        session.execute(delete(CaseFile).where(col(CaseFile.id).in_(ids), col(CaseFile.state) == "leaving"))
        session.commit()
        return len(ids) == PURGED_AT_ONCE


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
