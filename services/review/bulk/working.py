"""The errand that works on jobs, a piece at a time.

What a piece of a batch does and how far it came are committed together. A worker that is killed leaves nothing half done, and
nothing is done twice.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from services.review.bulk import acts
from services.review.bulk.exporting import export_some
from services.review.models import Job, JobItem
from services.review.wall import HOUSE
from services.review.wall import acts as acts_as
from shared.i18n import message
from shared.identity.callers import Caller
from shared.problems import NotFound, Problem
from shared.storage import Storage

log = logging.getLogger(__name__)

# Cases of a batch in one transaction.
PIECE = 25
_SURPRISE = message("Something went wrong on our side")
# an id is no help to whoever reads a list of cases
_NOT_YOURS = message("This is no case of your groups")
_NO_OFFICIAL = message("Whoever asked for this is no official any more")
_WAITING = text("select id from review.job where state in ('previewing', 'running') order by worked_at limit 20")
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('review.job:' || cast(:id as text), 0))")


def work_some(engine: Engine, storage: Storage) -> bool:
    """Do a piece of the job that waits for longest; whether anything was done, and so more may wait.

    The lock lies with a connection of its own, so that it holds while the pieces of an export commit, and goes with the process.
    """
    with engine.connect() as guard:
        job_id = _claim(guard)
        if job_id is None:
            return False
        with Session(engine) as session:
            job = session.get_one(Job, job_id)
            kind, state = job.kind, job.state
            if kind != "export" and state in {"previewing", "running"}:
                _do_items(session, job)
                session.commit()
        if kind == "export" and state == "running":
            export_some(engine, storage, job_id)
        guard.rollback()
    return True


def _claim(guard: Connection) -> UUID | None:
    for job_id in guard.execute(_WAITING).scalars().all():
        if guard.execute(_LOCK, {"id": job_id}).scalar():
            return UUID(str(job_id))
    return None


def _do_items(session: Session, job: Job) -> None:
    # whoever cancels it waits for this piece
    session.refresh(job, with_for_update=True)
    previewing = job.state == "previewing"
    if job.state not in {"previewing", "running"}:
        return
    waiting = select(JobItem).where(JobItem.job_id == job.id, JobItem.state == ("waiting" if previewing else "can"))
    items = session.exec(waiting.order_by(col(JobItem.number)).limit(PIECE)).all()
    caller = acts.caller_of(session, job)
    acts.begin(session, job, [item.case_id for item in items])
    for item in sorted(items, key=lambda item: item.case_id):  # as everybody locks cases
        item.state, item.says, item.says_with = _tried(session, job, item, caller, keep=not previewing)
        session.add(item)
    job.worked_at = datetime.now(UTC)
    if len(items) < PIECE:
        job.state, job.ended_at = ("ready", None) if previewing else ("done", job.worked_at)
    session.add(job)
    session.flush()


def _tried(session: Session, job: Job, item: JobItem, caller: Caller | None, *, keep: bool) -> tuple[str, str, dict[str, Any]]:
    """Do it with one case, or only try: the item's new state, and why not."""
    good, bad = ("done", "failed") if keep else ("can", "cannot")
    if caller is None:
        return bad, _NO_OFFICIAL, {}
    rests_on = item.seen
    acts_as(session, caller)
    point = session.begin_nested()
    try:
        if not keep:
            rests_on = acts.seen(session, caller, job, item.case_id)
        acts.act(session, caller, job, item.case_id, rests_on)
        session.flush()
        result: tuple[str, str, dict[str, Any]] = good, "", {}
    except NotFound:
        result = bad, _NOT_YOURS, {}
    except Problem as problem:
        result = bad, *_why(problem)
    except OperationalError:  # the database is away, or somebody else has what is needed: the piece is done again
        raise
    except Exception:
        log.exception("a case of a batch failed", extra={"context": {"job": str(job.id), "case": str(item.case_id)}})
        result = bad, _SURPRISE, {}
    if result[0] == "done":
        point.commit()
    else:
        point.rollback()
    acts_as(session, HOUSE)
    item.seen = rests_on
    return result


def _why(problem: Problem) -> tuple[str, dict[str, Any]]:
    """Why not, in one text: the first place that is wrong says it best."""
    told = problem.errors[0] if problem.errors else problem
    values = {name: value if isinstance(value, str | int | float) else str(value) for name, value in told.values.items()}
    return told.detail or problem.title, values
