"""Scanning files, in a worker: each is claimed for a while, streamed to clamd, and its verdict is written down.

A worker that is killed leaves its claim behind, which ends by itself. A scanner that is away keeps files waiting, however long
it takes: that is not the sender's fault, and an operator sees it. A file that the scanner comes to no end with fails after
some attempts.

Each service has a table of its own files, with the columns `id`, `state` (waiting, clean, infected, failed …), `due`, `attempts`
and `detail`; `Waiting` names it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
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

# What follows from a file's verdict, in the same transaction.
Follow = Callable[[Session, UUID], None]


def nothing_follows(_session: Session, _file: UUID) -> None:
    """For services where nothing waits for a verdict."""


@dataclass(frozen=True)
class Waiting:
    """Where files wait for their scan: a service's own table, and the storage with their contents."""

    table: str
    engine: Engine
    storage: Storage
    follow: Follow = nothing_follows

    def claim(self) -> UUID | None:
        """A file that nobody else scans for the next LEASE seconds; None when none waits."""
        with Session(self.engine) as session:
            claimed: UUID | None = session.scalar(
                text(f"""
                update {self.table} set due = now() + make_interval(secs => :lease)
                where id = (
                  select id from {self.table} where state = 'waiting' and due <= now()
                  order by due limit 1 for update skip locked
                )
                returning id
                """),  # noqa: S608 - our own table
                {"lease": LEASE},
            )
            session.commit()
            return claimed

    def decide(self, file_id: UUID, state: str, detail: str) -> None:
        """Write a verdict down, with what follows."""
        verdict = text(f"""
        update {self.table} set state = :state, detail = :detail, attempts = attempts + 1
        where id = :id and state = 'waiting'
        returning id
        """)  # noqa: S608
        with Session(self.engine) as session:
            if session.scalar(verdict, {"id": file_id, "state": state, "detail": detail}) is not None:
                self.follow(session, file_id)
            session.commit()

    def put_off(self, file_id: UUID, wait: int, detail: str, *, counted: int = 0) -> None:
        """Let a file wait; one with too many attempts that counted has failed."""
        later = text(f"""
        update {self.table}
        set due = now() + make_interval(secs => :wait * (1 + attempts)), attempts = attempts + :counted, detail = :detail,
            state = case when attempts + :counted >= :most then 'failed' else 'waiting' end
        where id = :id and state = 'waiting'
        returning state
        """)  # noqa: S608
        values = {"id": file_id, "wait": wait, "counted": counted, "detail": detail, "most": MOST_ATTEMPTS}
        with Session(self.engine) as session:
            if session.scalar(later, values) == "failed":
                self.follow(session, file_id)
            session.commit()


def scan_some(waiting: Waiting, clamd: str) -> bool:
    """Scan a batch of what waits; whether more may wait."""
    for _ in range(A_BATCH):
        file_id = waiting.claim()
        if file_id is None or not _scanned(waiting, clamd, file_id):
            return False
    return True


def _scanned(waiting: Waiting, clamd: str, file_id: UUID) -> bool:
    """Scan one file; whether scanner and storage are there."""
    try:
        with closing(waiting.storage.open(attachment_key(file_id))) as file:
            virus = scan(clamd, file)
    except Missing:
        waiting.decide(file_id, "failed", "the file is gone")
        return True
    except (ScannerAway, StorageError) as error:
        log.warning("a file cannot be scanned: a part is away", extra={"context": {"cause": type(error).__name__}})
        waiting.put_off(file_id, AWAY, "the scanner or the storage is away")
        return False
    except ScanFailed as error:
        log.warning("a scan came to no end", extra={"context": {"attachment": str(file_id), "cause": str(error)}})
        waiting.put_off(file_id, BACKOFF, str(error), counted=1)
        return True
    waiting.decide(file_id, "infected" if virus else "clean", virus)
    if virus:
        log.warning("a virus was found", extra={"context": {"attachment": str(file_id), "virus": virus}})
        try:
            waiting.storage.delete(attachment_key(file_id))  # else it stays in quarantine: nobody is ever given it
        except StorageError as error:
            log.warning("an infected file is still there", extra={"context": {"cause": type(error).__name__}})
    return True


def oldest_waiting(session: Session, table: str) -> float:
    """For how many seconds the oldest file of a table has waited for its scan; 0 when none waits."""
    oldest = text(f"select extract(epoch from now() - min(created_at)) from {table} where state = 'waiting'")  # noqa: S608
    return float(session.scalar(oldest) or 0)
