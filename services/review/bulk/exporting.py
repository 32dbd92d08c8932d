"""Exports: what a filter leaves, read page by page and written row by row into files of the storage.

A file appears when it is whole, together with the record of it, so a worker that is killed begins that file anew. Pages are read
with the rights that whoever asked has at this moment.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO
from uuid import UUID

from sqlalchemy import Engine, update
from sqlmodel import Session, col, func, select

from services.review.audit.audit import note
from services.review.bulk import acts
from services.review.cases.cases import procedure_of
from services.review.exports.archives import MEDIA_TYPE, Archive
from services.review.exports.tables import Table
from services.review.exports.writers import FORMATS, Writer
from services.review.finding import finding
from services.review.finding.finding import Filter
from services.review.models import Job, JobFile
from services.review.wall import acts as acts_as
from shared.identity.callers import Caller
from shared.storage import CHUNK, Storage, StorageError

log = logging.getLogger(__name__)

PAGE = 500
# A larger export has several files. A ZIP is smaller: its directory is kept in memory until it is whole.
MOST_ROWS, MOST_FOLDERS, MOST_BYTES = 100_000, 5_000, 1 << 30
# Seconds after which a file is ended, well before the worker's limit (shared.bus.worker).
MOST_SECONDS = 120.0
MOST_ATTEMPTS = 3
KEPT = timedelta(days=7)


class NoOfficial(Exception):
    """Whoever asked for an export is no official any more."""


@dataclass
class Progress:
    """How far a file has come."""

    last: UUID | None
    rows: int = 0
    whole: bool = False
    scope: set[str] = field(default_factory=set)


def file_key(job_id: UUID, number: int) -> str:
    """Where a file of an export lies."""
    return f"exports/{job_id}/{number}"


def export_some(engine: Engine, storage: Storage, job_id: UUID) -> None:
    """Write the next file of an export; after several failures in vain the job has failed."""
    with Session(engine) as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        if job.attempts >= MOST_ATTEMPTS:
            job.state, job.ended_at = "failed", datetime.now(UTC)
            session.commit()
            return
        job.attempts += 1
        job.worked_at = datetime.now(UTC)
        session.commit()
    try:
        _write_file(engine, storage, job_id)
    except NoOfficial:
        with Session(engine) as session:
            ended = {"state": "failed", "ended_at": datetime.now(UTC)}
            session.execute(update(Job).where(col(Job.id) == job_id).values(**ended))
            session.commit()
    except StorageError as error:
        log.warning("an export could not be written", extra={"context": {"job": str(job_id), "cause": str(error)}})


def _write_file(engine: Engine, storage: Storage, job_id: UUID) -> None:
    with _read(engine, job_id) as (session, job, caller):
        wanted, form, begun = Filter.model_validate(job.wanted["filter"]), job.wanted["format"], _written(session, job_id)
        progress = Progress(job.last_case_id)
        table = Table(session, wanted.procedure, caller.language)
        total = job.total or finding.total(session, caller, wanted)
    with storage.scratch() as file:
        # the writers of spreadsheets close what they are given
        writer: Writer = Archive(file, storage) if form == "zip" else FORMATS[form][0](file)
        writer.header(table.header())
        until = time.monotonic() + MOST_SECONDS
        while not progress.whole and not _full(writer, progress) and time.monotonic() < until:
            with _read(engine, job_id) as (session, _, caller):
                _write_page(session, caller, wanted, writer, table=table, progress=progress)
            if not _go_on(engine, job_id, begun + progress.rows, max(total, begun + progress.rows)):
                return  # it was cancelled
        writer.end()
        size, digest = _measured(file)
        with Session(engine) as session:
            job = session.get_one(Job, job_id, with_for_update=True)
            if job.state != "running":
                return
            number = (session.scalar(select(func.max(JobFile.number)).where(JobFile.job_id == job_id)) or 0) + 1
            storage.put(file_key(job_id, number), file)
            now = datetime.now(UTC)
            job.done, job.total, job.attempts = begun + progress.rows, max(total, begun + progress.rows), 0
            job.last_case_id, job.worked_at = progress.last, now
            if progress.whole:
                job.state, job.ended_at, job.total = "done", now, job.done
            session.add(job)
            session.add(
                JobFile(
                    job_id=job_id,
                    number=number,
                    name=f"cases-{job.made_at:%Y%m%d-%H%M}-{number}.{form}",
                    media_type=MEDIA_TYPE if form == "zip" else FORMATS[form][1],
                    size=size,
                    sha256=digest,
                    cases=progress.rows,
                    scope=sorted(progress.scope),
                    kept_until=now + KEPT,
                )
            )
            note(
                session,
                acts.caller_of(session, job),
                "job.export-written",
                None,
                job=job_id,
                file=number,
                format=form,
                cases=progress.rows,
            )
            session.commit()


def _written(session: Session, job_id: UUID) -> int:
    """The cases in the files that are put away; a file that was begun and lost counts for nothing."""
    return int(session.scalar(select(func.coalesce(func.sum(JobFile.cases), 0)).where(JobFile.job_id == job_id)) or 0)


@contextmanager
def _read(engine: Engine, job_id: UUID) -> Iterator[tuple[Session, Job, Caller]]:
    """A session that sees what whoever asked sees now. Raises NoOfficial."""
    with Session(engine) as session:
        job = session.get_one(Job, job_id)
        caller = acts.caller_of(session, job)
        if caller is None:
            raise NoOfficial
        acts_as(session, caller)
        yield session, job, caller


def _write_page(session: Session, caller: Caller, wanted: Filter, writer: Writer, *, table: Table, progress: Progress) -> None:
    found = finding.listed(session, caller, wanted, sort="oldest", limit=PAGE, before=progress.last, whole=True)
    for case in found:
        writer.row(table.row(session, case), table.record(session, case))
        if isinstance(writer, Archive):
            writer.files(case.arrival_number, procedure_of(session, case), case.answers)
        progress.scope.add(f"{case.group}/{case.procedure_id}")
        progress.rows, progress.last = progress.rows + 1, case.id
    progress.whole = len(found) < PAGE


def _full(writer: Writer, progress: Progress) -> bool:
    if isinstance(writer, Archive):
        return progress.rows >= MOST_FOLDERS or writer.bytes >= MOST_BYTES
    return progress.rows >= MOST_ROWS


def _go_on(engine: Engine, job_id: UUID, done: int, total: int) -> bool:
    """Say how far it came; whether it is still wanted."""
    with Session(engine) as session:
        running = update(Job).where(col(Job.id) == job_id, col(Job.state) == "running").returning(col(Job.id))
        wanted = session.execute(running.values(done=done, total=total, worked_at=datetime.now(UTC))).first()
        session.commit()
    return wanted is not None


def _measured(file: IO[bytes]) -> tuple[int, str]:
    file.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := file.read(CHUNK):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()
