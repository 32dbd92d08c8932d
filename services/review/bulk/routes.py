"""Work in bulk over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from services.review.bulk import jobs
from services.review.bulk.downloads import fetched
from services.review.bulk.jobs import MOST_CASES, MOST_FILES
from services.review.finding.finding import Filter
from services.review.models import Job
from services.review.stages.lawful import REASONS_LIMIT
from shared.i18n import Language, negotiate
from shared.procedure.fields import KEY
from shared.web.callers import Reviewer, Transaction
from shared.web.downloads import DOWNLOAD
from shared.web.problems import described

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
NOTE_LIMIT = 1000
State = Literal["waiting", "can", "cannot", "done", "failed"]


class Written(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid")


class BatchIn(Written):
    """The cases of a batch: what a filter leaves now, or those named."""

    filter: Filter | None = None
    case_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MOST_CASES)

    @model_validator(mode="after")
    def _one_of_both(self) -> BatchIn:
        if (self.filter is None) == (self.case_ids is None):
            raise ValueError("send either `filter` or `case_ids`")
        return self

    def cases(self) -> Filter | list[UUID]:
        """Which cases."""
        return self.filter if self.filter is not None else self.case_ids or []


class AssignmentIn(BatchIn):
    """Cases for an official, or for whom the rules choose."""

    official: UUID | None = Field(default=None, description="without one, the rules choose somebody else for each case")
    note: str = Field(default="", max_length=NOTE_LIMIT, pattern=r"^[^\x00]*$")


class DecisionIn(BatchIn):
    """The same decision for cases of one stage, or approving what is proposed for each (決裁)."""

    decision: Literal["approve", "refuse", "accept", "as-proposed"]
    reasons: str = Field(default="", max_length=REASONS_LIMIT, pattern=r"^[^\x00]*$")
    criteria: list[Annotated[str, Field(pattern=KEY)]] = Field(
        default_factory=list, max_length=100, description="keys of the criteria that a refusal cites"
    )


class ExportIn(Written):
    """What to export: everything a filter leaves. With one `procedure` it has the fields of its form."""

    format: Literal["csv", "xlsx", "ods", "json", "zip"]
    filter: Filter = Filter()


class FileOut(BaseModel):
    """A file of an export."""

    number: int
    name: str
    size: int
    sha256: str
    cases: int
    kept_until: datetime


class JobOut(BaseModel):
    """A job, and how far it is."""

    id: UUID
    kind: Literal["assign", "decide", "export"]
    state: Literal["previewing", "ready", "running", "done", "cancelled", "failed"]
    wanted: dict[str, Any]
    total: int = Field(description="cases; of an export as far as they are counted")
    exported: int = Field(description="cases that an export has written")
    cases: dict[State, int] = Field(description="the cases of a batch: how many are in which state")
    files: list[FileOut]
    made_at: datetime
    ended_at: datetime | None


class ItemOut(BaseModel):
    """A case of a batch, and what came of it."""

    number: int
    case_id: UUID
    arrival_number: str | None = Field(description="none where the case is not yours to see any more")
    state: State
    says: str = Field(description="why it cannot be done, or was not")


def job_out(session: Session, job: Job) -> dict[str, Any]:
    """A job as JobOut."""
    files = [one.model_dump(include=set(FileOut.model_fields)) for one in jobs.files(session, job)]
    told = job.model_dump(include={"id", "kind", "state", "wanted", "total", "made_at", "ended_at"})
    return {**told, "exported": job.done, "cases": jobs.tally(session, job), "files": files}


_ASKED = described(400, 401, 403, 409, 413, 422, 429)
_OWN = described(401, 403, 404, 422)


@router.post("/assignments", status_code=202, response_model=JobOut, responses=_ASKED)
def ask_to_assign(written: AssignmentIn, session: Transaction, caller: Reviewer) -> Any:
    """Give many cases to somebody else: a manager's. It is previewed first; start it when it is `ready`."""
    what = {"official": str(written.official) if written.official else None, "note": written.note}
    return job_out(session, jobs.ask_batch(session, caller, "assign", what, cases=written.cases(), language=caller.language))


@router.post("/decisions", status_code=202, response_model=JobOut, responses=_ASKED)
def ask_to_decide(written: DecisionIn, session: Transaction, caller: Reviewer) -> Any:
    """Decide many cases in the same way. It is previewed first; start it when it is `ready`."""
    what = {"decision": written.decision, "reasons": written.reasons, "criteria": written.criteria}
    return job_out(session, jobs.ask_batch(session, caller, "decide", what, cases=written.cases(), language=caller.language))


@router.post("/exports", status_code=202, response_model=JobOut, responses=_ASKED)
def ask_to_export(written: ExportIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Export cases as files, which are kept for a week. Labels are in the language that Accept-Language asks for."""
    language = negotiate(request.headers.get("accept-language"))
    return job_out(session, jobs.ask_export(session, caller, written.format, written.filter, language))


@router.get("", response_model=list[JobOut], responses=described(401, 403))
def list_jobs(session: Transaction, caller: Reviewer) -> Any:
    """Your latest jobs, newest first."""
    return [job_out(session, job) for job in jobs.mine(session, caller)]


@router.get("/{job_id}", response_model=JobOut, responses=_OWN)
def show_job(job_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """One of your jobs."""
    return job_out(session, jobs.shown(session, caller, job_id))


@router.get("/{job_id}/items", response_model=list[ItemOut], responses=_OWN)
def list_items(
    job_id: UUID,
    request: Request,
    session: Transaction,
    caller: Reviewer,
    *,
    state: State | None = None,
    after: Annotated[int, Query(ge=0, le=MOST_CASES, description="the last number of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Any:
    """The cases of a batch, each with what came of it."""
    language: Language = negotiate(request.headers.get("accept-language"))
    job = jobs.shown(session, caller, job_id)
    return [
        {
            **item.model_dump(include={"number", "case_id", "state"}),
            "arrival_number": case.arrival_number if case else None,
            "says": jobs.why_not(item, language),
        }
        for item, case in jobs.items(session, caller, job, state=state, after=after, limit=limit)
    ]


@router.post("/{job_id}/start", status_code=202, response_model=JobOut, responses=_OWN | described(409, 429))
def start_job(job_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Do what was previewed, with the cases it can be done with."""
    return job_out(session, jobs.start(session, caller, job_id))


@router.post("/{job_id}/cancel", response_model=JobOut, responses=_OWN | described(409, 429))
def cancel_job(job_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Stop a job; what is done stays done."""
    return job_out(session, jobs.cancel(session, caller, job_id))


@router.get("/{job_id}/files/{number}/content", response_class=Response, responses=DOWNLOAD | described(401, 403, 404, 422, 503))
def fetch_file(
    job_id: UUID, number: Annotated[int, Path(ge=1, le=MOST_FILES)], request: Request, session: Transaction, caller: Reviewer
) -> Response:
    """A file of your export."""
    return fetched(request, session, caller, job_id, number)
