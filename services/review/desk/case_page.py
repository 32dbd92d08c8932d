"""The page of a case: what was filed, what happened, where it stands, and what its reader may do."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from services.review.cases import cases, contents, moves
from services.review.cases.rights import duties
from services.review.cases.states import state_of
from services.review.clock import clock
from services.review.clock.badges import badge
from services.review.clock.forecast import forecast
from services.review.corrections import corrections
from services.review.desk.decision_form import Entered, decision_form
from services.review.desk.stage_view import stages_of
from services.review.documents import documents
from services.review.edits import edits
from services.review.messages import messages
from services.review.models import Case
from services.review.notes.pages import of_case as notes_of_case
from services.review.opinions.pages import of_case as opinions_of_case
from services.review.stages.prepared import after_last_day
from shared.events import Duplicate, NoticeWish
from shared.i18n import Language, message
from shared.identity.callers import Caller
from shared.problems import Problem
from shared.procedure.changes import Change, changes
from shared.procedure.model import Procedure
from shared.procedure.reading import files_in, label_at, sections
from shared.procedure.reviewing import MANAGER
from shared.web.pages import Pages, language_of
from shared.workdays import today

CORRECTIONS: dict[str, tuple[str, str]] = {
    "asked": ("mend", message("Correction asked for")),
    "answered": ("good", message("Correction sent in")),
    "expired": ("bad", message("Passed without an answer")),
    "closed": ("going", message("Closed without an answer")),
}

_pages = Pages(Path(__file__).parent.parent / "templates")


def show(
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    *,
    entered: Entered | None = None,
    problem: Problem | None = None,
) -> Response:
    """The page of a case; after a `problem` with what was `entered` for its decision."""
    procedure, language = cases.procedure_of(session, case), language_of(request)
    reading = clock.read(session, case, today())
    files = files_in(procedure, case.answers, language)
    form = decision_form(procedure, case, language, entered, problem, after_last_day(session, case))
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
        clock=reading,
        stage_due=clock.stage_due(session, case, reading),
        forecast=forecast(session, case, reading, today()),
        due=badge(session, case, today()),
        notices=NoticeWish.of(case.contact),
        duplicates=_duplicates(session, caller, case),
        opinions=opinions_of_case(request, session, case),
        edits=edits.of_case(session, case, language),
        may_edit=bool(edits.editable(procedure, case, language)) and moves.may(session, caller, case, "edit-entry"),
        notes=notes_of_case(request, session, caller, case),
        stages=stages_of(session, caller, case, language),
        files=files,
        states={one: "clean" if request.app.state.settings.clamd else "unscanned" for _, one, _ in files},
        documents=documents.of_case(session, case),
        form=form,
        problem=problem,
        summary=form["summary"],
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
        items = [
            (label_at(procedure, item["pointer"], language), item["says"], one.replies.get(item["pointer"], ""))
            for item in one.items
        ]
        found.append({"correction": one, "state": CORRECTIONS[one.state], "items": items, "changes": changed})
    return found


def _duplicates(session: Session, caller: Caller, case: Case) -> list[dict[str, Any]]:
    """The other applications that look the same, each with its case where that lies with the official's groups."""
    found = [Duplicate.model_validate(one) for one in case.duplicates]
    known = cases.ids_of(session, caller, [one.application_id for one in found])
    return [{"duplicate": one, "case": known.get(one.application_id)} for one in found]
