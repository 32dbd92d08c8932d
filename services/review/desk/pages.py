"""The desk's pages: an official's cases, his groups', and the decision."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases, contents
from services.review.cases.downloads import downloaded
from services.review.cases.rights import duties
from services.review.cases.states import state_of
from services.review.clock import clock
from services.review.clock.badges import badge
from services.review.corrections import corrections
from services.review.decisions import decisions
from services.review.documents import documents
from services.review.messages import messages
from services.review.models import Case
from services.review.opinions.pages import of_case
from services.review.procedures import version
from services.review.stages import lawful
from services.review.stages.lawful import Proposed
from shared.events import Duplicate, ProcedureRef
from shared.i18n import Language, message, translate
from shared.identity.callers import Caller
from shared.letters import TEXT_LIMIT
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.changes import Change, changes
from shared.procedure.model import Procedure
from shared.procedure.reading import files_in, label_at, sections
from shared.procedure.reviewing import MANAGER, Decision
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

CHOICES: dict[Decision, str] = {
    "approve": message("Approve"),
    "approve-in-part": message("Approve in part"),
    "refuse": message("Refuse"),
    "accept": message("Accept the notification"),
}
CORRECTIONS: dict[str, tuple[str, str]] = {
    "asked": ("mend", message("Correction asked for")),
    "answered": ("good", message("Correction sent in")),
    "expired": ("bad", message("Passed without an answer")),
    "closed": ("going", message("Closed without an answer")),
}

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk/cases/{case_id}")
def show_case(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    case = cases.shown(session, caller, case_id)
    messages.read(session, case)
    return _show(request, session, caller, case)


@router.get("/desk/cases/{case_id}/attachments/{attachment_id}")
def fetch_attachment(
    case_id: UUID, attachment_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    return downloaded(request, session, caller, case_id, attachment_id)


@router.post("/desk/cases/{case_id}")
def decide(
    case_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    decision: Annotated[str, Form()] = "",
    reasons: Annotated[str, Form()] = "",
    revision: Annotated[int | None, Form()] = None,
    document_title: Annotated[str, Form()] = "",
    document_text: Annotated[str, Form()] = "",
) -> Response:
    reasons = reasons.replace("\r\n", "\n")  # how browsers send the lines of a text field
    written = documents.Written(document_title, document_text.replace("\r\n", "\n"))
    try:
        _must_choose(session, caller, case_id, decision)
        wanted = written if written.title.strip() or written.text.strip() else None
        proposed = Proposed(decision, reasons, document=wanted)
        decisions.decide(session, caller, case_id, proposed, revision=revision)
    except (Invalid, Conflict) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        case = cases.shown(session, caller, case_id)
        return _show(request, session, caller, case, decision=decision, reasons=reasons, written=written, problem=problem)
    return RedirectResponse(f"/desk/cases/{case_id}", 303, {"cache-control": "no-store"})


def _must_choose(session: Session, caller: Caller, case_id: UUID, decision: str) -> None:
    case = cases.shown(session, caller, case_id)
    if case.state == "open" and decision not in _procedure(session, case).review.decisions:
        raise Invalid("Some entries need mending", errors=[FieldError("/decision", "Choose a decision")])


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    *,
    decision: str = "",
    reasons: str = "",
    written: documents.Written = documents.Written("", ""),  # noqa: B008 - frozen
    problem: Invalid | Conflict | None = None,
) -> Response:
    procedure, language = _procedure(session, case), language_of(request)
    choices = procedure.review.decisions
    files = files_in(procedure, case.answers, language)
    errors = {error.pointer: translate(error.detail, language, **error.values) for error in problem.errors} if problem else {}
    anchors = {
        "/decision": f"decision-{choices[0]}",
        "/reasons": "reasons",
        "/document/title": "document-title",
        "/document/text": "document-text",
    }
    return _pages.show(
        request,
        "case.html",
        status=problem.status if problem else 200,
        case=case,
        state=state_of(case),
        title=procedure.title.within(language),
        office=procedure.office(case.group).title.within(language),
        sections=sections(procedure, case.answers, language),
        corrections=_corrections(session, case, procedure, language),
        timeline=_timeline(session, case),
        may_write=messages.may_write(case),
        manages=MANAGER in duties(session, caller, case.group, case.procedure_id),
        clock=clock.read(session, case, today()),
        due=badge(session, case, today()),
        duplicates=_duplicates(session, caller, case),
        opinions=of_case(request, session, case),
        files=files,
        states={one: "clean" if request.app.state.settings.clamd else "unscanned" for _, one, _ in files},
        choices=[(value, CHOICES[value]) for value in choices],
        may_refuse="refuse" in choices,
        documents=documents.of_case(session, case),
        decision=decision,
        reasons=reasons,
        written=written,
        document_limit=TEXT_LIMIT,
        problem=problem,
        errors=errors,
        summary=[(anchors[pointer], text) for pointer, text in errors.items()],
        limit=lawful.REASONS_LIMIT,
    )


def _timeline(session: Session, case: Case) -> list[dict[str, Any]]:
    """What happened, in its order."""
    happened: list[tuple[datetime | None, tuple[str, str], str]] = [
        (case.arrived_at, ("good", message("Arrived")), ""),
        (case.opened_at, ("good", message("Case opened")), ""),
        (case.withdrawn_at, state_of(case), case.withdrawal_reason or ""),
        (case.decided_at, state_of(case), ""),
    ]
    for one in corrections.of_case(session, case):
        happened += [(one.asked_at, CORRECTIONS["asked"], one.asked_by_name), (one.answered_at, CORRECTIONS["answered"], "")]
    for each in documents.of_case(session, case):
        happened += [(each.issued_at, ("good", message("Document issued")), f"{each.number} {each.title}")]
        happened += [(each.fetched_at, ("good", message("Document fetched by the applicant")), each.fetched_by or "")]
    found: list[dict[str, Any]] = [
        {"at": at, "state": state, "says": says, "message": None} for at, state, says in happened if at
    ]
    found += [{"at": one.at, "message": one} for one in messages.of_case(session, case)]
    return sorted(found, key=itemgetter("at"))


def _corrections(session: Session, case: Case, procedure: Procedure, language: Language) -> list[dict[str, Any]]:
    """The corrections of a case, with what was asked and what was changed."""
    found = []
    for one in corrections.of_case(session, case):
        changed: list[Change] = []
        if one.revision is not None:
            before, after = (contents.at(session, case, one.revision - back) for back in (1, 0))
            changed = changes(procedure, before, after, language)
        items = [(label_at(procedure, item["pointer"], language), item["says"]) for item in one.items]
        found.append({"correction": one, "state": CORRECTIONS[one.state], "items": items, "changes": changed})
    return found


def _duplicates(session: Session, caller: Caller, case: Case) -> list[dict[str, Any]]:
    """The other applications that look the same, each with its case where that lies with the official's groups."""
    found = [Duplicate.model_validate(one) for one in case.duplicates]
    known = cases.ids_of(session, caller, [one.application_id for one in found])
    return [{"duplicate": one, "case": known.get(one.application_id)} for one in found]


def _procedure(session: Session, case: Case) -> Procedure:
    return version(session, ProcedureRef(id=case.procedure_id, version=case.procedure_version))
