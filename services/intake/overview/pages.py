"""An organisation's applications, and each with everything about it."""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.intake.applications import applications
from services.intake.applications.withdrawal import may_withdraw
from services.intake.applications.wording import NEWS, STATES, STEPS, step_said
from services.intake.catalogue.shown import version_of
from services.intake.corrections import corrections
from services.intake.documents import documents
from services.intake.files import enclosures
from services.intake.messages import messages
from services.intake.models import Application, Correction, Revision, Step
from services.intake.notices import notices
from shared.events import NoticeWish
from shared.i18n import JST, Language
from shared.procedure.changes import Change, changes
from shared.procedure.model import Procedure
from shared.procedure.reading import files_in, label_at, sections
from shared.procedure.rules import computed
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ApplicantPerson
from shared.workdays import today

PAGE = 20


_pages = Pages(Path(__file__).parent.parent / "templates")


router = pages_router()


@router.get("/applications")
def list_applications(request: Request, session: Transaction, caller: ApplicantPerson, before: UUID | None = None) -> Response:
    language = language_of(request)
    found = applications.listed(session, caller, limit=PAGE + 1, before=before)
    rows = [
        {
            "application": one,
            "title": version_of(request, session, one).procedure.title.within(language),
            "state": STATES[one.state],
        }
        for one in found[:PAGE]
    ]
    older = with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return _pages.show(request, "applications.html", rows=rows, older=older)


@router.get("/applications/{application_id}")
def show_application(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    application, steps = applications.shown(session, caller, application_id)
    procedure = version_of(request, session, application).procedure
    language = language_of(request)
    contents = applications.contents(session, application)
    asked = corrections.every(session, application_id)
    timeline: list[dict[str, Any]] = [{"at": application.filed_at, "state": STEPS["filed"], "detail": {}, "message": None}]
    timeline += [{"at": step.at, "state": step_said(step), "detail": step.detail, "message": None} for step in steps]
    messages.read(session, application)
    notices.read_of(session, caller, application)
    papers = documents.of_application(session, application)
    for one in papers:
        said = {"document": f"{one.number} {one.title}"}
        timeline.append({"at": one.issued_at, "state": NEWS["document"], "detail": said, "message": None})
        if one.fetched_at:
            timeline.append({"at": one.fetched_at, "state": NEWS["fetched"], "detail": said, "message": None})
    timeline += [{"at": one.at, "message": one} for one in messages.listed(session, caller, application_id)]
    last = steps[-1] if steps else None
    mends = [
        (label_at(procedure, mend["pointer"], language), mend[language])
        for mend in (last.detail["mends"] if last and last.state == "returned" else [])
    ]
    return _pages.show(
        request,
        "application.html",
        application=application,
        title=procedure.title.within(language),
        state=STATES[application.state],
        timeline=sorted(timeline, key=itemgetter("at")),
        notices=NoticeWish.of(application.contact),
        may_write=messages.may_write(application),
        documents=papers,
        mends=mends,
        decision=_decision(last),
        may_withdraw=may_withdraw(application),
        sections=sections(procedure, _computed(procedure, application, contents), language),
        files=files_in(procedure, contents, language),
        states=enclosures.states(session, application.organisation_id, contents, scanning=bool(request.app.state.settings.clamd)),
        correction=_to_mend(procedure, asked, language) if application.state == "correcting" else None,
        revised=_revised(session, application, procedure, language),
        day_of=date.fromisoformat,
        late=application.due_on is not None and application.due_on < today(),
    )


def _to_mend(procedure: Procedure, asked: dict[str, Correction], language: Language) -> dict[str, Any]:
    """What is asked for at present."""
    newest = next(reversed(asked.values()))
    items = [(label_at(procedure, item["pointer"], language), item["says"]) for item in newest.items]
    return {"items": items, "due_on": newest.due_on, "note": newest.note, "expired": newest.state == "expired"}


def _revised(
    session: Transaction, application: Application, procedure: Procedure, language: Language
) -> list[tuple[Revision, list[Change]]]:
    """The contents that were sent in after corrections, each with what it changed."""
    before, found = application.answers, []
    for one in applications.revisions(session, application):
        found.append((one, changes(procedure, before, one.answers, language)))
        before = one.answers
    return found


def _computed(procedure: Procedure, application: Application, answers: dict[str, Any]) -> dict[str, Any]:
    return computed(procedure, answers, today=application.filed_at.astimezone(JST).date())


def _decision(last: Step | None) -> Step | None:
    return last if last is not None and last.state in applications.DECIDED else None
