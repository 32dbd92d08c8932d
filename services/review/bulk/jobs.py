"""Jobs: asking for one, looking at it, starting and stopping it.

A batch is previewed first, by trying each case and taking it back; nothing is done before whoever asked has seen that and
starts it. An export begins at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.review.audit.audit import note, note_list
from services.review.cases.rights import duties, visible
from services.review.finding import finding
from services.review.finding.finding import Filter
from services.review.models import Case, Job, JobFile, JobItem
from services.review.models import Conflict as Declared
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.i18n import Language, translate
from shared.identity.callers import Caller
from shared.operation.switches import must_be_on
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound

# The queue of the errand that works on jobs.
QUEUE = "review-jobs"
MOST_CASES = 10_000
# Files of an export; far more than there will be.
MOST_FILES = 1_000_000
# Jobs of one person that are not over.
MOST_JOBS = 5
UNFINISHED = ("previewing", "ready", "running")
Kind = Literal["assign", "decide", "export"]


def ask_batch(
    session: Session,
    caller: Caller,
    kind: Kind,
    what: Mapping[str, Any],
    *,
    cases: Filter | Sequence[UUID],
    language: Language = "ja",
) -> Job:
    """Ask for a batch over what a filter leaves, or over these cases; its preview begins. Raises Invalid, Conflict."""
    ids = _picked(session, caller, cases)
    if not ids:
        raise Invalid("There is no case to work on", errors=[FieldError("/cases", "Choose at least one case")])
    if len(ids) > MOST_CASES:
        raise Invalid(
            "These are too many cases at once",
            errors=[FieldError("/cases", "Narrow it down to at most {most} cases", {"most": MOST_CASES})],
        )
    wanted = {**what, "filter": cases.written()} if isinstance(cases, Filter) else dict(what)
    job = _made(session, caller, kind, "previewing", wanted, total=len(ids), language=language)
    empty: dict[str, Any] = {"state": "waiting", "seen": {}, "says": "", "says_with": {}}
    insert_many(session, JobItem, [{"job_id": job.id, "number": at, "case_id": one, **empty} for at, one in enumerate(ids, 1)])
    return job


def _picked(session: Session, caller: Caller, cases: Filter | Sequence[UUID]) -> list[UUID]:
    """In the order of their ids, in which every act on several cases locks them."""
    if isinstance(cases, Filter):
        query = finding.narrowed(session, caller, cases, select(Case.id), finding.look_up(session, cases), ordered=False)
        return sorted(session.scalars(query.limit(MOST_CASES + 1)))
    return sorted(set(cases))


def ask_export(session: Session, caller: Caller, form: str, wanted: Filter, language: Language = "ja") -> Job:
    """Ask for a file of what a filter leaves; it begins at once. Raises Conflict, Unavailable."""
    must_be_on(session, "exports")
    what = {"format": form, "filter": wanted.written()}
    return _made(session, caller, "export", "running", what, total=0, language=language)


def _made(
    session: Session, caller: Caller, kind: Kind, state: str, wanted: dict[str, Any], *, total: int, language: Language
) -> Job:
    mine = select(func.count()).where(Job.asked_by == caller.account_id, col(Job.state).in_(UNFINISHED))
    if (session.scalar(mine) or 0) >= MOST_JOBS:
        raise Conflict("{most} of your jobs are not over yet: wait for one, or cancel it", most=MOST_JOBS)
    now = datetime.now(UTC)
    job = Job(
        id=new_id(),
        kind=kind,
        state=state,
        asked_by=caller.account_id,
        asked_by_name=caller.name,
        language=language,
        wanted=wanted,
        total=total,
        made_at=now,
        worked_at=now,
    )
    session.add(job)
    session.flush()
    note(session, caller, f"job.{kind}-asked", None, job=job.id, cases=total)
    ring_after_commit(session, QUEUE)
    return job


def mine(session: Session, caller: Caller, *, limit: int = 50) -> Sequence[Job]:
    """The caller's jobs, newest first."""
    return session.exec(select(Job).where(Job.asked_by == caller.account_id).order_by(col(Job.id).desc()).limit(limit)).all()


def shown(session: Session, caller: Caller, job_id: UUID, *, lock: bool = False) -> Job:
    """One of the caller's jobs. Raises NotFound."""
    query = select(Job).where(Job.id == job_id, Job.asked_by == caller.account_id)
    job = session.exec(query.with_for_update() if lock else query).first()
    if job is None:
        raise NotFound("You have no job with the id {id}", id=job_id)
    return job


def start(session: Session, caller: Caller, job_id: UUID) -> Job:
    """Do what was previewed, with the cases it can be done with. Raises NotFound, Conflict."""
    job = shown(session, caller, job_id, lock=True)
    if job.state != "ready":
        raise Conflict("This job cannot be started now")
    job.state = "running"
    session.add(job)
    note(session, caller, f"job.{job.kind}-started", None, job=job.id)
    ring_after_commit(session, QUEUE)
    return job


def cancel(session: Session, caller: Caller, job_id: UUID) -> Job:
    """Stop a job; what is done stays done. Raises NotFound, Conflict."""
    job = shown(session, caller, job_id, lock=True)
    if job.state not in UNFINISHED:
        raise Conflict("This job is over")
    job.state, job.ended_at = "cancelled", datetime.now(UTC)
    session.add(job)
    note(session, caller, f"job.{job.kind}-cancelled", None, job=job.id)
    return job


def tally(session: Session, job: Job) -> dict[str, int]:
    """How many cases of a batch are in each state."""
    query = select(JobItem.state, func.count()).where(JobItem.job_id == job.id).group_by(JobItem.state)
    return dict.fromkeys(("waiting", "can", "cannot", "done", "failed"), 0) | dict(session.exec(query).all())


def items(
    session: Session, caller: Caller, job: Job, *, state: str | None = None, after: int = 0, limit: int = 100
) -> list[tuple[JobItem, Case | None]]:
    """The cases of a batch in their order, each with what is known of it; a case that is gone, or out of sight, has none."""
    query = select(JobItem).where(JobItem.job_id == job.id, JobItem.number > after)
    if state is not None:
        query = query.where(JobItem.state == state)
    found = session.exec(query.order_by(col(JobItem.number)).limit(limit)).all()
    known = select(Case).where(col(Case.id).in_([one.case_id for one in found]), visible(caller))
    cases = {case.id: case for case in session.exec(known)}
    note_list(session, caller, "job.cases-listed", list(cases), job=job.id)
    return [(one, cases.get(one.case_id)) for one in found]


def why_not(item: JobItem, language: Language) -> str:
    """Why a case cannot be worked on, or was not; empty where it can be."""
    return translate(item.says, language, **item.says_with) if item.says else ""


def files(session: Session, job: Job) -> Sequence[JobFile]:
    """The files of an export, as far as they are still kept."""
    return session.exec(select(JobFile).where(JobFile.job_id == job.id).order_by(col(JobFile.number))).all()


def fetched(session: Session, caller: Caller, job_id: UUID, number: int) -> JobFile:
    """A file of one's own export, for who still has duties for all that is in it and no newer conflict of interest; noted.

    Raises NotFound, Forbidden.
    """
    job = shown(session, caller, job_id)
    file = session.get(JobFile, (job.id, number))
    if file is None or file.kept_until < datetime.now(UTC):
        raise NotFound("This file is not kept any more: export anew")
    if not all(duties(session, caller, *one.split("/", 1)) for one in file.scope):
        raise Forbidden("You have no duty any more for some cases in this file: export anew")
    since = select(Declared.id).where(Declared.account_id == caller.account_id, col(Declared.declared_at) >= job.made_at)
    if session.exec(since.limit(1)).first():  # what he must not see any more may be in it
        raise Forbidden("You have a conflict of interest that this file does not know: export anew")
    note(session, caller, "job.export-fetched", None, job=job.id, file=number, cases=file.cases)
    return file
