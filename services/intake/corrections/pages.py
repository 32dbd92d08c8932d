"""The page of a correction: the asked items alone, saved as one goes, sent in once; works with forms alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.corrections import corrections
from services.intake.corrections.correcting import REPLY_LIMIT, Mending, save, send_in
from services.intake.corrections.routes import work_of
from services.intake.corrections.view import read_fields, shown_fields
from services.intake.files import enclosures
from services.intake.forms.entering import entered_by
from services.intake.forms.reading import Posted, count_of, text_of, with_rows
from services.intake.forms.shown import WORDS, as_shown, entries, refusals, with_files
from shared.i18n import translate
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, Invalid, Problem
from shared.procedure.changes import merged
from shared.procedure.reading import label_at
from shared.web.callers import Transaction
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


async def _entered(request: Request, caller: ApplicantPerson, application_id: UUID) -> Entered:
    return await entered_by(request, lambda: _sending(request, caller, application_id))


def _sending(request: Request, caller: Caller, application_id: UUID) -> Caller:
    must_write(caller)
    with Session(request.app.state.engine) as session:
        application, _ = corrections.shown(session, caller, application_id)
        return acting(session, caller, application.organisation_id, application.procedure_id, "file")


PageEntered = Annotated[Entered, Depends(_entered)]


@router.get("/applications/{application_id}/correction")
def show_correction(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    work = work_of(request, session, *corrections.shown(session, caller, application_id))
    query = request.query_params
    return _page(request, work, work.correction.entered or {}, check="check" in query, saved="saved" in query)


@router.post("/applications/{application_id}/correction")
def mend(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson, form: PageEntered) -> Response:
    """Save what was entered, and send it in where that button was pressed and nothing is wrong."""
    work = work_of(request, session, *corrections.shown(session, caller, application_id, lock=True))
    here, posted = f"/applications/{application_id}/correction", form.posted
    if text_of(posted, "correction") != str(work.correction.id) or not work.waits:
        return _page(request, work, {})
    entered = {**(work.correction.entered or {}), **read_fields(work, posted)}
    go, _, which = text_of(posted, "go").partition(":")
    if go in {"add", "remove"}:
        key, _, row = which.partition(":")
        entered[key] = with_rows(work.published.procedure, {**work.before, **entered}, key, row)
    try:
        save(work, caller, entered, count_of(posted, "version"), _replies(posted))
        if form.refused:
            return _page(request, work, entered, refused=form.refused)
        if go == "send":
            send_in(work, caller, _to_send(work, entered), scanning=bool(request.app.state.settings.clamd))
            return _to(f"/applications/{application_id}")
    except Conflict as late:
        return _page(request, work, entered, problem=late, replies=_replies(posted))
    except Invalid as problem:
        return _page(request, work, entered, check=True, problem=problem, replies=_replies(posted))
    goals = {"later": f"{here}?saved=1", "update": f"{here}?check=1" if "check" in posted else here}
    return _to(goals.get(go, f"{here}#{which.partition(':')[0]}" if which else here))


def _replies(posted: Posted) -> dict[str, str]:
    """What was written to the items, by their pointers."""
    found = {name.removeprefix("reply:"): text_of(posted, name) for name in posted if name.startswith("reply:")}
    return {pointer: text.replace("\r\n", "\n") for pointer, text in found.items()}


def _to_send(work: Mending, entered: Mapping[str, Any]) -> dict[str, Any]:
    """The open places of what was entered: a page kept open since it was saved may hold others too."""
    whole = merged(work.published.procedure, work.before, entered, work.opened(entered).places)
    return {key: whole.get(key) for key in {*whole, *work.before} if whole.get(key) != work.before.get(key)}


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def _page(
    request: Request,
    work: Mending,
    entered: Mapping[str, Any],
    *,
    check: bool = False,
    refused: Mapping[str, Problem] | None = None,
    problem: Conflict | Invalid | None = None,
    saved: bool = False,
    replies: Mapping[str, str] | None = None,
) -> Response:
    language = language_of(request)
    procedure, correction = work.published.procedure, work.correction
    open_ = work.opened(entered)
    raw = merged(procedure, work.before, entered, open_.places)
    answers = as_shown(work.published, raw, check=check, on=work.filed_on)
    scanning = bool(request.app.state.settings.clamd)
    states = enclosures.states(work.session, work.application.organisation_id, answers, scanning=scanning)
    wrong = [*refusals(refused or {}), *(work.errors(answers) if check else ())]
    fields = shown_fields(work, answers, open_, language, wrong=wrong, states=states)
    errors = entries(fields, language)
    if problem and not errors:
        errors = [("", translate(one.detail, language, **one.values)) for one in problem.errors]
    return _pages.show(
        request,
        "correction.html",
        status=problem.status if problem else 422 if refused else 200,
        with_files=with_files(fields),
        application=work.application,
        correction=correction,
        title=procedure.title.within(language),
        items=[
            {
                "pointer": item["pointer"],
                "label": label_at(procedure, item["pointer"], language),
                "says": item["says"],
                "reply": (replies or correction.replies).get(item["pointer"], ""),
            }
            for item in correction.items
        ],
        reply_limit=REPLY_LIMIT,
        waits=work.waits,
        is_over=work.is_over,
        fields=fields,
        errors=errors,
        check=check,
        problem=problem,
        saved=saved,
        **WORDS,
    )
