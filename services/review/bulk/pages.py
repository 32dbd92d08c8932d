"""Work in bulk as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path as PathPart
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from services.review.bulk import jobs
from services.review.bulk.downloads import fetched
from services.review.bulk.jobs import MOST_CASES, MOST_FILES, UNFINISHED
from services.review.finding import form
from services.review.models import Job
from services.review.stages.lawful import REASONS_LIMIT
from shared.i18n import message
from shared.problems import FieldError, Invalid
from shared.validation import text_errors
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.posted import Fields, Posted, last
from shared.web.visitors import ReviewerPerson

PAGE = 100
REFRESH = 3  # seconds
NOTE_LIMIT, MOST_CRITERIA = 1000, 100
FORMATS = ("xlsx", "csv", "ods", "json", "zip")
KINDS = {"assign": message("Give to an official"), "decide": message("Decide"), "export": message("Export")}
STATES = {
    "previewing": ("going", message("Being tried")),
    "ready": ("mend", message("Waits for you to start it")),
    "running": ("going", message("Being done")),
    "done": ("good", message("Done")),
    "cancelled": ("bad", message("Cancelled")),
    "failed": ("bad", message("Failed")),
}
ITEMS = {
    "waiting": ("going", message("Not tried yet")),
    "can": ("good", message("Can be done")),
    "cannot": ("bad", message("Cannot be done")),
    "done": ("good", message("Done")),
    "failed": ("bad", message("Not done")),
}
_DECISIONS = ("as-proposed", "approve", "refuse", "accept")

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.post("/desk/jobs")
def ask(request: Request, sent: Posted, session: Transaction, caller: ReviewerPerson) -> Response:
    language = language_of(request)
    entered = form.read({name: last(sent, name) for name in sent})
    if entered.errors:
        raise Invalid("Some entries need mending", errors=entered.errors)
    kind = last(sent, "kind")
    if kind == "export":
        wanted = _one_of(sent, "format", FORMATS)
        return _to(jobs.ask_export(session, caller, wanted, entered.filter, language))
    chosen = _chosen(sent)
    cases = chosen or entered.filter
    if kind == "assign":
        return _to(jobs.ask_batch(session, caller, "assign", _assignment(sent), cases=cases, language=language))
    return _to(jobs.ask_batch(session, caller, "decide", _decision(sent), cases=cases, language=language))


def _to(job: Job) -> Response:
    return RedirectResponse(f"/desk/jobs/{job.id}", 303, {"cache-control": "no-store"})


def _one_of(sent: Fields, name: str, known: tuple[str, ...]) -> str:
    if last(sent, name) not in known:
        raise Invalid(
            "Some entries need mending", errors=[FieldError(f"/{name}", "Choose one of {allowed}", {"allowed": ", ".join(known)})]
        )
    return last(sent, name)


def _id(pointer: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid("Some entries need mending", errors=[FieldError(pointer, "This is no id")]) from None


def _chosen(sent: Fields) -> list[UUID]:
    return [_id("/case", value) for value in sent.get("case", [])[:PAGE]]


def _assignment(sent: Fields) -> dict[str, Any]:
    note, official = last(sent, "note"), last(sent, "to")
    if wrong := text_errors("/note", note, NOTE_LIMIT):
        raise Invalid("Some entries need mending", errors=wrong)
    return {"official": str(_id("/to", official)) if official else None, "note": note}


def _decision(sent: Fields) -> dict[str, Any]:
    reasons, criteria = last(sent, "reasons"), last(sent, "criteria").replace(",", " ").split()
    wrong = text_errors("/reasons", reasons, REASONS_LIMIT) + text_errors("/criteria", last(sent, "criteria"), 2000)
    if wrong:
        raise Invalid("Some entries need mending", errors=wrong)
    return {"decision": _one_of(sent, "of-all", _DECISIONS), "reasons": reasons, "criteria": criteria[:MOST_CRITERIA]}


@router.get("/desk/jobs")
def list_jobs(request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    rows = [{"job": job, "tally": jobs.tally(session, job)} for job in jobs.mine(session, caller)]
    return _pages.show(request, "jobs.html", rows=rows, kinds=KINDS, states=STATES)


@router.get("/desk/jobs/{job_id}")
def show_job(
    job_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    state: Literal["waiting", "can", "cannot", "done", "failed"] | None = None,
    after: Annotated[int, Query(ge=0, le=MOST_CASES)] = 0,
    refresh: Literal["on", "off"] = "on",
) -> Response:
    language = language_of(request)
    job = jobs.shown(session, caller, job_id)
    found = jobs.items(session, caller, job, state=state, after=after, limit=PAGE + 1)
    working = job.state in {"previewing", "running"}
    return _pages.show(
        request,
        "job.html",
        job=job,
        kinds=KINDS,
        states=STATES,
        item_states=ITEMS,
        tally=jobs.tally(session, job),
        files=jobs.files(session, job),
        items=[(item, case, jobs.why_not(item, language)) for item, case in found[:PAGE]],
        chosen=state,
        links={one: with_query(request, state=one, after=None) for one in (None, *ITEMS)},
        working=working,
        unfinished=job.state in UNFINISHED,
        refresh=REFRESH if working and refresh == "on" else 0,
        other_refresh=with_query(request, refresh="off" if refresh == "on" else "on"),
        further=with_query(request, after=found[PAGE - 1][0].number) if len(found) > PAGE else "",
    )


@router.post("/desk/jobs/{job_id}/start")
def start(job_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    return _to(jobs.start(session, caller, job_id))


@router.post("/desk/jobs/{job_id}/cancel")
def cancel(job_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    return _to(jobs.cancel(session, caller, job_id))


@router.get("/desk/jobs/{job_id}/files/{number}")
def fetch_file(
    job_id: UUID,
    number: Annotated[int, PathPart(ge=1, le=MOST_FILES)],
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
) -> Response:
    return fetched(request, session, caller, job_id, number)
