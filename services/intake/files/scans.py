"""Scanning attachments, in a worker: each is claimed for a while, streamed to clamd, and its verdict is written down.

A worker that is killed leaves its claim behind, which ends by itself. A scanner that is away keeps files waiting, however long
it takes: that is not the applicant's fault, and an operator sees it. A file that the scanner comes to no end with fails after
some attempts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from shared.scanning import ScanFailed, ScannerAway, scan
from shared.storage import Missing, Storage, StorageError, attachment_key

log = logging.getLogger(__name__)

# Seconds for which a claimed file is nobody else's; longer than a scan may take.
LEASE = 150
MOST_ATTEMPTS = 5
AWAY = 15
BACKOFF = 60
A_BATCH = 10

_CLAIM = text("""
update intake.attachment set due = now() + make_interval(secs => :lease)
where id = (
  select id from intake.attachment where state = 'waiting' and due <= now() order by due limit 1 for update skip locked
)
returning id
""")

_VERDICT = text("""
update intake.attachment set state = :state, detail = :detail, attempts = attempts + 1
where id = :id and state = 'waiting'
returning id
""")

_LATER = text("""
update intake.attachment
set due = now() + make_interval(secs => :wait * (1 + attempts)), attempts = attempts + :counted, detail = :detail,
    state = case when attempts + :counted >= :most then 'failed' else 'waiting' end
where id = :id and state = 'waiting'
returning state
""")

_OLDEST = text("select extract(epoch from now() - min(created_at)) from intake.attachment where state = 'waiting'")

# What follows from a file's verdict, in the same transaction.
Follow = Callable[[Session, UUID], None]


def scan_some(engine: Engine, storage: Storage, clamd: str, follow: Follow) -> bool:
    """Scan a batch of what waits; whether more may wait."""
    for _ in range(A_BATCH):
        with Session(engine) as session:
            attachment_id = session.scalar(_CLAIM, {"lease": LEASE})
            session.commit()
        if attachment_id is None:
            return False
        if not _scanned(engine, storage, clamd, follow, attachment_id):
            return False
    return True


def _scanned(engine: Engine, storage: Storage, clamd: str, follow: Follow, attachment_id: UUID) -> bool:
    """Scan one file; whether scanner and storage are there."""
    try:
        with closing(storage.open(attachment_key(attachment_id))) as file:
            virus = scan(clamd, file)
    except Missing:
        _decide(engine, follow, attachment_id, "failed", "the file is gone")
        return True
    except (ScannerAway, StorageError) as error:
        log.warning("a file cannot be scanned: a part is away", extra={"context": {"cause": type(error).__name__}})
        _put_off(engine, follow, attachment_id, AWAY, "the scanner or the storage is away")
        return False
    except ScanFailed as error:
        log.warning("a scan came to no end", extra={"context": {"attachment": str(attachment_id), "cause": str(error)}})
        _put_off(engine, follow, attachment_id, BACKOFF, str(error), counted=1)
        return True
    _decide(engine, follow, attachment_id, "infected" if virus else "clean", virus)
    if virus:
        log.warning("a virus was found", extra={"context": {"attachment": str(attachment_id), "virus": virus}})
        try:
            storage.delete(attachment_key(attachment_id))  # else it stays in quarantine: nobody is ever given it
        except StorageError as error:
            log.warning("an infected file is still there", extra={"context": {"cause": type(error).__name__}})
    return True


def _decide(engine: Engine, follow: Follow, attachment_id: UUID, state: str, detail: str) -> None:
    with Session(engine) as session:
        if session.scalar(_VERDICT, {"id": attachment_id, "state": state, "detail": detail}) is not None:
            follow(session, attachment_id)
        session.commit()


def _put_off(engine: Engine, follow: Follow, attachment_id: UUID, wait: int, detail: str, *, counted: int = 0) -> None:
    with Session(engine) as session:
        values = {"id": attachment_id, "wait": wait, "counted": counted, "detail": detail, "most": MOST_ATTEMPTS}
        if session.scalar(_LATER, values) == "failed":
            follow(session, attachment_id)
        session.commit()


def oldest_waiting(session: Session) -> float:
    """For how many seconds the oldest file has waited for its scan; 0 when none waits."""
    return float(session.scalar(_OLDEST) or 0)
