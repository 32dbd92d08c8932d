"""Filing by form, page by page, with links and forms alone: start, the pages, what is saved, confirming, the receipt."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake.applications import applications
from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.catalogue.shown import title_of
from services.intake.drafts import drafts, trials
from services.intake.drafts import filing as draft_filing
from services.intake.drafts.views import confirm_page, errors_in, form_page, places_on, telling_of
from services.intake.files import attachments
from services.intake.filing.filing import FilingContact
from services.intake.forms.entering import entered_by
from services.intake.forms.posted import FormPosted
from services.intake.forms.reading import Posted, count_of, read_page, text_of, with_rows
from services.intake.lookups import lookups
from services.intake.models import Draft
from services.intake.rights.entitled import must_be_entitled
from services.intake.rights.reach import principals
from shared.i18n import JST
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting, held
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.procedure.form_errors import pages_of
from shared.validation import body_errors
from shared.web.callers import Transaction
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_EARLIER = 5


_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


async def _entered(request: Request, caller: ApplicantPerson, draft_id: UUID) -> Entered:
    return await entered_by(request, lambda: _sending(request, caller, draft_id))


def _sending(request: Request, caller: Caller, draft_id: UUID) -> Caller:
    must_write(caller)
    with Session(request.app.state.engine) as session:
        draft = drafts.shown(session, caller, draft_id)
        return acting(session, caller, draft.organisation_id, draft.procedure_id, "prepare")


PageEntered = Annotated[Entered, Depends(_entered)]


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


@router.get("/procedures/{procedure_id}/apply")
def start(procedure_id: str, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """Where an application begins: anew, with a draft, or with an earlier application."""
    published = request.app.state.catalogue.current(session, procedure_id)
    try:
        must_be_entitled(caller, published.procedure)
        hindrance = None
    except Forbidden as problem:
        hindrance = problem
    earlier = [one for one in applications.listed(session, caller, limit=200) if one.procedure_id == procedure_id]
    return _pages.show(
        request,
        "apply.html",
        title=published.procedure.title.within(language_of(request)),
        procedure_id=procedure_id,
        mine=not hindrance,
        hindrance=hindrance,
        principals=principals(session, caller, published.procedure),
        drafts=[(one, telling_of(request, session, one)) for one in drafts.listed(session, caller, procedure=procedure_id)],
        earlier=earlier[:_EARLIER],
    )


@router.post("/procedures/{procedure_id}/apply")
def begin(  # noqa: PLR0917 - what FastAPI gives
    procedure_id: str,
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    copy_of: Annotated[UUID | None, Form()] = None,
    on_behalf_of: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Begin a draft, or copy an earlier application into one."""
    if copy_of is not None:
        draft = draft_filing.copied(session, request, caller, copy_of)
    else:
        filer = acting(session, caller, on_behalf_of, procedure_id, "prepare")
        draft = drafts.create(session, filer, request.app.state.catalogue.current(session, procedure_id))
    page = 1
    if draft.mends:
        published = draft_filing.current(session, request, draft)
        page = pages_of(published).get(draft.mends[0]["pointer"].partition("/")[2].partition("/")[0], 1)
    return _to(f"/drafts/{draft.id}/pages/{page}")


@router.get("/drafts")
def list_drafts(request: Request, session: Transaction, caller: ApplicantPerson, saved: int = 0) -> Response:
    """The organisation's drafts."""
    names = {one.principal_id: one.name for one in held(session, caller)}
    rows = [
        {
            "draft": one,
            "title": title_of(request, session, one),
            "telling": telling_of(request, session, one),
            "principal": names.get(one.organisation_id),
            "until": _kept_until(request, session, one),
        }
        for one in drafts.listed(session, caller)
    ]
    return _pages.show(request, "drafts.html", rows=rows, saved=bool(saved))


def _kept_until(request: Request, session: Session, draft: Draft) -> date | None:
    """The last day that a draft is kept, unless somebody changes it; one of a trial goes with the trial."""
    catalogue: Catalogue = request.app.state.catalogue
    newest = catalogue.newest(session).get(draft.procedure_id)
    if draft.procedure_version < 0 or newest is None:
        return None
    kept = timedelta(days=newest.procedure.retention.drafts.days or 0)
    return (draft.updated_at + kept).astimezone(JST).date()


@router.post("/drafts/{draft_id}/deletion")
def delete(draft_id: UUID, session: Transaction, caller: ApplicantPerson) -> Response:
    """Delete a draft."""
    drafts.discard(session, drafts.shown(session, caller, draft_id, lock=True), caller)
    return _to("/drafts")


@router.post("/drafts/{draft_id}/hold")
def take_over(draft_id: UUID, session: Transaction, caller: ApplicantPerson) -> Response:
    """Write on where somebody else was writing."""
    drafts.hold(drafts.shown(session, caller, draft_id, lock=True), caller, take_over=True)
    return _to(f"/drafts/{draft_id}/pages/1")


@router.get("/drafts/{draft_id}")
def resume(draft_id: UUID, session: Transaction, caller: ApplicantPerson) -> Response:
    """A draft where it was left."""
    if _is_filed(session, caller, draft_id):
        return _to(f"/drafts/{draft_id}/filed")
    draft = drafts.shown(session, caller, draft_id)
    return _to(f"/drafts/{draft_id}/pages/{max(draft.seen, default=1)}")


@router.get("/drafts/{draft_id}/pages/{number}")
def show_page(draft_id: UUID, number: int, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """A page of the form; with `check`, what is wrong with it too."""
    draft, published = draft_filing.opened(session, request, caller, draft_id)
    if not 1 <= number <= len(published.procedure.form):
        raise NotFound
    drafts.hold(draft, caller)
    return form_page(request, draft, published, caller, number, check="check" in request.query_params)


@router.post("/drafts/{draft_id}/pages/{number}")
def save_page(  # noqa: PLR0917 - what FastAPI gives
    draft_id: UUID, number: int, request: Request, session: Transaction, caller: ApplicantPerson, entered: PageEntered
) -> Response:
    """Save a page, with all that is wrong with it, and go where the pressed button says."""
    draft, published = draft_filing.opened(session, request, caller, draft_id)
    form = published.procedure.form
    if not 1 <= number <= len(form):
        raise NotFound
    posted = entered.posted
    answers = read_page(form[number - 1], posted, draft.answers)
    before = places_on(published, number, draft.answers, request)
    go, _, which = text_of(posted, "go").partition(":")
    try:
        drafts.save(session, draft, caller, count_of(posted, "version"), answers=answers, page=number)
    except Conflict as late:
        merged = {key: answer for key, answer in {**draft.answers, **answers}.items() if answer is not None}
        return form_page(request, draft, published, caller, number, late=late, answers=merged)
    for gone in posted.get("drop", ()):
        _give_up(session, caller, gone.rpartition(":")[2])
    if entered.refused:
        return form_page(request, draft, published, caller, number, refused=entered.refused, status=422)
    if go != "next":
        here = f"/drafts/{draft_id}/pages/{number}"
        goals = {
            "later": "/drafts?saved=1",
            "back": f"/drafts/{draft_id}/pages/{max(number - 1, 1)}",
            "update": f"{here}?check=1" if "check" in posted else here,
        }
        return _to(goals.get(go) or here + _changed(session, draft, published, caller, go, which))
    if any(pages_of(published).get(one.key) == number for one in errors_in(draft, published)):
        return form_page(request, draft, published, caller, number, check=True, status=422)
    if places_on(published, number, draft.answers, request) - before:
        return form_page(request, draft, published, caller, number, more=True)
    return _to(f"/drafts/{draft_id}/pages/{number + 1}" if number < len(form) else f"/drafts/{draft_id}/confirm")


def _changed(session: Session, draft: Draft, published: Published, caller: Caller, go: str, which: str) -> str:  # noqa: PLR0917 - what a button names
    """Add a row, take one out, or look a field up; where on the page that is."""
    key, _, row = which.partition(":")
    if go in {"add", "remove"}:
        rows = with_rows(published.procedure, draft.answers, key, row)
        drafts.save(session, draft, caller, draft.version, answers={key: rows})
    if go == "lookup":
        filled = lookups.fill(session, published.procedure, draft.answers, which)
        if filled.answers:
            drafts.save(session, draft, caller, draft.version, answers=filled.answers)
        at = quote(which[:100], safe=".")
        return f"?found={filled.found}&at={at}#{at.replace('.', '-')}"
    return f"#{quote(key[:100], safe='.')}" if key else ""


@router.get("/drafts/{draft_id}/confirm")
def confirm(draft_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """Everything once more, before it is filed."""
    if _is_filed(session, caller, draft_id):
        return _to(f"/drafts/{draft_id}/filed")
    draft, published = draft_filing.opened(session, request, caller, draft_id)
    drafts.hold(draft, caller)
    duplicates = draft_filing.duplicates_of(session, draft, published, caller)
    return confirm_page(request, draft, published, caller, duplicates=duplicates)


@router.post("/drafts/{draft_id}/confirm")
async def file(draft_id: UUID, request: Request, caller: ApplicantPerson, posted: FormPosted) -> Response:
    """File it. Pressed twice, it is filed once."""
    refused = await run_in_threadpool(_with_contact, request, caller, draft_id, posted)
    if refused is not None:
        return refused
    try:
        await draft_filing.file(request, caller, draft_id, how="form")
    except Invalid:
        return _to(f"/drafts/{draft_id}/confirm")
    return _to(f"/drafts/{draft_id}/filed")


@router.get("/drafts/{draft_id}/filed")
def receipt(draft_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """The receipt."""
    application = drafts.filed_from(session, caller, draft_id)
    if application is None and trials.filed(session, caller, draft_id) is not None:
        return _to(f"/trials/filings/{draft_id}")
    if application is None:
        raise NotFound("No draft of your organisation has the id {id}", id=draft_id)
    return _pages.show(request, "draft_filed.html", application=application, title=title_of(request, session, application))


def _is_filed(session: Session, caller: Caller, draft_id: UUID) -> bool:
    return drafts.filed_from(session, caller, draft_id) is not None or trials.filed(session, caller, draft_id) is not None


def _with_contact(request: Request, caller: Caller, draft_id: UUID, posted: Posted) -> Response | None:
    """Save whom to write to; a page when it cannot be filed like this."""
    with Session(request.app.state.engine) as session:
        if _is_filed(session, caller, draft_id):
            return None
        draft, published = draft_filing.opened(session, request, caller, draft_id)
        contact: dict[str, Any] = {name: text_of(posted, f"contact-{name}") for name in ("name", "email", "language")}
        contact["electronic_notices"] = {"electronic": True, "post": False}.get(text_of(posted, "electronic_notices"))
        wrong: dict[str, Any] = {}
        try:
            FilingContact.model_validate(contact)
        except ValidationError as error:
            wrong = {one.pointer[1:]: one for one in body_errors(error.errors(include_input=False, include_url=False))}
        if contact["electronic_notices"] is None:
            wrong["electronic_notices"] = FieldError("/", "Choose how you want to get the notice of the decision")
        version, late = count_of(posted, "version"), None
        try:
            drafts.save(session, draft, caller, version, contact=None if wrong else contact)
        except Conflict as conflict:
            # the first of two clicks saved it a moment ago, with the same contact: this is no change by somebody else
            clicked = draft.contact == contact and draft.updated_by == caller.account_id and draft.version - 1 == version
            late = None if clicked else conflict
        duplicates = draft_filing.duplicates_of(session, draft, published, caller)
        answer = None
        if wrong or late or errors_in(draft, published) or any(one.level == "error" for one in duplicates):
            more: dict[str, Any] = {"duplicates": duplicates, "contact": contact, "contact_errors": wrong, "late": late}
            answer = confirm_page(request, draft, published, caller, status=422, **more)
        session.commit()
        return answer


def _give_up(session: Session, caller: Caller, attachment_id: str) -> None:
    """Delete a file that was taken out, unless it was filed before."""
    with suppress(ValueError, NotFound, Conflict):
        attachments.remove(session, caller, UUID(attachment_id))
