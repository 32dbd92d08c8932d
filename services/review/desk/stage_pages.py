"""The desk's pages of the stages: criteria and marks, the proposed decision, passing on, sending back, approving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases
from services.review.decisions import decisions
from services.review.desk.case_page import show
from services.review.desk.decision_form import Entered, Posted, as_entered, decision_form
from services.review.desk.stage_view import VERDICTS, stages_of
from services.review.models import Case
from services.review.stages import criteria, proposals, scores, steps
from services.review.stages.prepared import after_last_day
from shared.i18n import Language, translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, Problem
from shared.procedure.reading import files_in, sections
from shared.procedure.reviewing import Criterion
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk/cases/{case_id}/criteria")
def show_criteria(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    """What was filed beside the criteria of the present stage."""
    return _criteria(request, session, caller, cases.shown(session, caller, case_id))


@router.post("/desk/cases/{case_id}/criteria")
def judge(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    case = cases.shown(session, caller, case_id)
    stage = cases.procedure_of(session, case).review.stage(case.stage)
    keys = [one.key for one in stage.criteria]
    try:
        if stage.scores:
            marks = {key: mark for key in keys if (mark := posted.number(f"mark-{key}")) is not None}
            notes = {key: posted.text(f"note-{key}") for key in keys}
            scores.mark(session, caller, case_id, marks, notes, revision=posted.revision())
        else:
            judged = [
                criteria.Judged(key, posted.text(f"verdict-{key}"), posted.text(f"note-{key}"), posted.text(f"evidence-{key}"))
                for key in keys
                if posted.text(f"verdict-{key}")
            ]
            criteria.judge(session, caller, case_id, judged, revision=posted.revision())
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _criteria(request, session, caller, cases.shown(session, caller, case_id), entered=posted, problem=problem)
    return _to(case_id)


@router.get("/desk/cases/{case_id}/proposal")
def show_proposal(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    """The form of a proposal, with what is proposed at present."""
    case = cases.shown(session, caller, case_id)
    proposal = proposals.open_one(session, case)
    return _proposal(request, session, caller, case, entered=as_entered(proposal) if proposal else None)


@router.post("/desk/cases/{case_id}/proposal")
def propose(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    case = cases.shown(session, caller, case_id)
    try:
        proposed = posted.proposed(cases.procedure_of(session, case))
        proposals.propose(session, caller, case_id, proposed, revision=posted.revision())
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _proposal(request, session, caller, cases.shown(session, caller, case_id), entered=posted, problem=problem)
    return _to(case_id)


@router.post("/desk/cases/{case_id}/proposal/comments")
def comment(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    return _done(request, session, caller, case_id, lambda: proposals.comment(session, caller, case_id, posted.text("text")))


@router.post("/desk/cases/{case_id}/pass")
def pass_on(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    def act() -> object:
        return steps.pass_on(session, caller, case_id, note=posted.text("note"), revision=posted.revision())

    return _done(request, session, caller, case_id, act)


@router.post("/desk/cases/{case_id}/return")
def send_back(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    def act() -> object:
        return steps.send_back(session, caller, case_id, posted.text("to"), posted.text("note"))

    return _done(request, session, caller, case_id, act)


@router.post("/desk/cases/{case_id}/approval")
def approve(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    """Approve what is proposed (決裁)."""
    return _done(
        request,
        session,
        caller,
        case_id,
        lambda: decisions.approve(session, caller, case_id, posted.number("proposal") or 0),
    )


def _done(request: Request, session: Session, caller: Caller, case_id: UUID, act: Callable[[], object]) -> Response:
    """Do something that has no page of its own: its problem is shown on the page of the case."""
    try:
        act()
    except (Invalid, Conflict) as problem:
        session.rollback()
        return show(request, session, caller, cases.shown(session, caller, case_id), problem=problem)
    return _to(case_id)


def _to(case_id: UUID) -> Response:
    return RedirectResponse(f"/desk/cases/{case_id}", 303, {"cache-control": "no-store"})


def _criteria(
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    *,
    entered: Entered | None = None,
    problem: Problem | None = None,
) -> Response:
    procedure, language = cases.procedure_of(session, case), language_of(request)
    stage = procedure.review.stage(case.stage)
    mine = {one.account_id: one for one in scores.sheets(session, case, stage)}.get(caller.account_id)
    errors: dict[str, str] = {}
    judged_now = [one.key for one in stage.criteria if entered and entered.text(f"verdict-{one.key}")]
    for error in problem.errors if problem else ():
        errors[_anchor(error.pointer, judged_now)] = translate(error.detail, language, **error.values)
    files = files_in(procedure, case.answers, language)
    return _pages.show(
        request,
        "criteria.html",
        status=problem.status if problem else 200,
        case=case,
        title=procedure.title.within(language),
        stage=stage,
        stage_title=stage.title.within(language),
        version=procedure.review.criteria_version,
        rows=[_row(one, language) for one in stage.criteria],
        values=dict(entered.texts) if entered else _before(session, case, mine),
        verdicts=VERDICTS,
        errors=errors,
        summary=[(at, _about(stage.criteria, at, language) + text) for at, text in errors.items()],
        problem=problem,
        sections=sections(procedure, case.answers, language),
        files=files,
        states={one: "clean" if request.app.state.settings.clamd else "unscanned" for _, one, _ in files},
        limit=criteria.NOTE_LIMIT,
    )


def _row(one: Criterion, language: Language) -> dict[str, Any]:
    law = one.law.within(language) if one.law else ""
    return {"key": one.key, "title": one.title.within(language), "law": law, "evidence": one.evidence}


def _about(asked: Sequence[Criterion], anchor: str, language: Language) -> str:
    """Which criterion an error is about, to say so above the form; empty for what is about all."""
    title = next((one.title.within(language) for one in asked if anchor.endswith(f"-{one.key}")), "")
    return f"{title}{translate(': ', language)}" if title else ""


def _before(session: Session, case: Case, mine: Any) -> dict[str, str]:
    """What the form begins with: how it was judged before, or one's own marks."""
    if mine is not None:
        return {f"mark-{key}": str(mark) for key, mark in mine.marks.items()} | {
            f"note-{key}": text for key, text in mine.notes.items()
        }
    found: dict[str, str] = {}
    for key, one in criteria.of_case(session, case).items():
        found |= {f"verdict-{key}": one.verdict, f"note-{key}": one.note, f"evidence-{key}": one.evidence}
    return found


def _anchor(pointer: str, judged: list[str]) -> str:
    """Where on the page an error stands: /judgements/0/note is about the first criterion that was judged."""
    match pointer.split("/")[1:]:
        case ["judgements", number, name] if number.isdigit() and int(number) < len(judged):
            return f"{name}-{judged[int(number)]}"
        case ["marks", key]:
            return f"mark-{key}"
        case ["notes", key]:
            return f"note-{key}"
        case [name] if name.startswith("mark-"):
            return name
    return "criteria"


def _proposal(
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    *,
    entered: Entered | None = None,
    problem: Problem | None = None,
) -> Response:
    procedure, language = cases.procedure_of(session, case), language_of(request)
    form = decision_form(procedure, case, language, entered, problem, after_last_day(session, case))
    return _pages.show(
        request,
        "proposal.html",
        status=problem.status if problem else 200,
        case=case,
        title=procedure.title.within(language),
        stages=stages_of(session, caller, case, language),
        form=form,
        problem=problem,
        summary=form["summary"],
    )
