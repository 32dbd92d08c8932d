"""The desk's pages of opinions: asking for one, taking it back, and answering what one is asked oneself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlmodel import Session

from services.review.audit.audit import note, note_view
from services.review.cases import cases, contents
from services.review.files import files
from services.review.files.downloads import entered, for_field, handed_out, ids_in, lines, must_be_taken, text_in
from services.review.models import Case
from services.review.opinions import answering, opinions
from services.review.opinions.answering import Asked
from services.review.opinions.opinions import INSIDE, Outsider, Shown
from services.review.procedures import group_titles, version
from shared.files.kept import MOST_FILES
from shared.i18n import Language, message, translate
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.validation import WrittenContact, body_errors, text_errors
from shared.web.callers import Transaction
from shared.web.downloads import handed_over
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

PAGES = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
_GROUPS_TOLD = 2
_AND_MORE = message("{number} more groups")
_ANCHORS = {"to": "inside", "fields": "fields", "attachments": "attachments"}


async def _posted(request: Request) -> Mapping[str, list[str]]:
    form = await request.form(max_files=0, max_fields=2000)
    found = Entered()
    for name, text in form.multi_items():
        if isinstance(text, str):
            found.add(name, text.replace("\r\n", "\n"))
    return found.posted


Posted = Annotated[Mapping[str, list[str]], Depends(_posted)]


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


@router.get("/desk/cases/{case_id}/opinion")
def show_form(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    due_on = opinions.today() + opinions.PERIOD
    return _form(request, session, caller, cases.shown(session, caller, case_id), {"due_on": [due_on.isoformat()]})


@router.post("/desk/cases/{case_id}/opinion")
def ask(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    try:
        seeing = Shown(posted.get("fields", []), posted.get("attachments", []), "contact" in posted)
        to, due_on = _to_whom_until(posted)
        made = opinions.ask(session, caller, case_id, to, _first(posted, "question"), seeing=seeing, due_on=due_on)
    except (Conflict, Invalid) as problem:
        session.rollback()
        return _form(request, session, caller, cases.shown(session, caller, case_id), posted, problem)
    return _to(f"/desk/cases/{case_id}#opinion-{made.id}")


@router.post("/desk/cases/{case_id}/opinions/{opinion_id}/withdrawal")
def withdraw(case_id: UUID, opinion_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    opinions.withdraw(session, caller, case_id, opinion_id)
    return _to(f"/desk/cases/{case_id}#opinion-{opinion_id}")


@router.get("/desk/cases/{case_id}/opinions/{opinion_id}/files/{file_id}")
def fetch_answer_file(  # noqa: PLR0917 - what FastAPI gives
    case_id: UUID, opinion_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    case = cases.shown(session, caller, case_id)
    note_view(session, caller, "file.fetched", case.id, file=file_id)
    return handed_out(request, files.shown(session, case.id, opinion_id, file_id))


@router.get(INSIDE + "/{opinion_id}")
def show_asked(opinion_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    asked = answering.inside(session, caller, opinion_id)
    note_view(session, caller, "opinion.shown", asked.case.id, opinion=opinion_id)
    return _answering(request, session, asked, saved="saved" in request.query_params)


async def _entered(request: Request, caller: ReviewerPerson, opinion_id: UUID) -> Entered:
    def sending() -> tuple[UUID, UUID]:
        with Session(request.app.state.engine) as session:
            return answering.inside(session, caller, opinion_id).case.id, caller.account_id

    return await entered(request, sending)


@router.post(INSIDE + "/{opinion_id}")
def answer(
    opinion_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    posted: Annotated[Entered, Depends(_entered)],
) -> Response:
    asked = answering.inside(session, caller, opinion_id, lock=True)
    try:
        must_be_taken(posted)
        answering.answer(session, asked, text_in(posted, "answer"), ids_in(posted))
    except (Conflict, Invalid) as problem:
        session.rollback()
        return _answering(request, session, asked, posted=posted, problem=problem)
    note(session, caller, "opinion.answered", asked.case.id, opinion=opinion_id)
    return _to(f"{INSIDE}/{opinion_id}?saved=1")


@router.get(INSIDE + "/{opinion_id}/attachments/{attachment_id}")
def fetch_attachment(
    opinion_id: UUID, attachment_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    asked = answering.inside(session, caller, opinion_id)
    named = answering.attachment(asked, attachment_id)
    note(session, caller, "opinion.attachment-fetched", asked.case.id, opinion=opinion_id, attachment=attachment_id)
    return handed_over(request, named)


@router.get(INSIDE + "/{opinion_id}/files/{file_id}")
def fetch_file(opinion_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    asked = answering.inside(session, caller, opinion_id)
    return handed_out(request, files.shown(session, asked.case.id, opinion_id, file_id))


def _answering(request: Request, session: Session, asked: Asked, **more: Any) -> Response:
    return answer_page(request, session, asked, here=f"{INSIDE}/{asked.opinion.id}", **more)


def answer_page(
    request: Request,
    session: Session,
    asked: Asked,
    *,
    here: str,
    posted: Entered | None = None,
    problem: Conflict | Invalid | None = None,
    saved: bool = False,
) -> Response:
    """The limited view with the answer, for who is asked. `here` is its own address."""
    language, opinion = language_of(request), asked.opinion
    mine = answering.of_opinion(session, opinion)
    field = for_field(request, session, posted, of=(asked.case.id, opinion.account_id or opinion.id), had=mine)
    errors = {one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())}
    state = "clean" if request.app.state.settings.clamd else "unscanned"
    page = PAGES.show(
        request,
        "answer_opinion.html",
        status=problem.status if problem else 200,
        opinion=opinion,
        view=answering.seen(asked, language),
        states=dict.fromkeys(opinion.attachments, state),
        answer=text_in(posted, "answer") if posted else opinion.answer,
        files=field.files,
        kept=field.kept,
        here=here,
        inside=opinion.account_id is not None,
        problem=problem,
        errors=errors,
        summary=[("files-file" if at == "files" else at, text) for at, text in errors.items()],
        saved=saved,
        limits={"answer": answering.ANSWER_LIMIT, "files": MOST_FILES},
    )
    page.headers["cache-control"] = "no-store"
    page.headers["x-robots-tag"] = "noindex, nofollow"
    return page


def of_case(request: Request, session: Session, case: Case) -> list[dict[str, Any]]:
    """The opinions on a case, as its page shows them: with what each was shown, and the files of the answer."""
    language, found = language_of(request), opinions.of_case(session, case)
    attached = files.of_owners(session, [one.id for one in found])
    return [
        {
            "opinion": one,
            "files": lines(request, attached[one.id]),
            "shown": opinions.labels(
                version(session, cases.ref_of(case)), contents.at(session, case, one.revision), one, language
            ),
        }
        for one in found
    ]


def _first(posted: Mapping[str, list[str]], name: str) -> str:
    return posted.get(name, [""])[0]


def _day(entered_: str) -> date:
    try:
        return date.fromisoformat(entered_.strip())
    except ValueError:
        wrong = FieldError("/due_on", "Write a day that exists, such as 2026-04-01")
        raise Invalid("Some entries need mending", errors=[wrong]) from None


def _to_whom_until(posted: Mapping[str, list[str]]) -> tuple[UUID | Outsider, date]:
    """Whom to ask and until when. Raises Invalid for all that is wrong, the question included, and not for the first alone."""
    wrong: list[FieldError] = []
    to, due_on = None, None
    try:
        to = _whom(posted)
    except Invalid as problem:
        wrong += problem.errors
    try:
        due_on = _day(_first(posted, "due_on"))
    except Invalid as problem:
        wrong += problem.errors
    if to is None or due_on is None:
        wrong += text_errors("/question", _first(posted, "question"), opinions.QUESTION_LIMIT, needed=True)
        raise Invalid("Some entries need mending", errors=wrong)
    return to, due_on


def _whom(posted: Mapping[str, list[str]]) -> UUID | Outsider:
    if _first(posted, "whom") == "outside":
        given = {name: _first(posted, name).strip() for name in ("name", "email", "language")}
        try:
            return Outsider(**WrittenContact.model_validate(given).model_dump())
        except ValidationError as error:
            wrong = body_errors(error.errors(include_input=False, include_url=False))
            raise Invalid("Some entries need mending", errors=wrong) from None
    try:
        return UUID(_first(posted, "to"))
    except ValueError:
        wrong_one = FieldError("/to", "Choose an official without a conflict of interest, other than yourself")
        raise Invalid("Some entries need mending", errors=[wrong_one]) from None


def _form(  # noqa: PLR0917 - what the page shows
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    posted: Mapping[str, list[str]],
    problem: Conflict | Invalid | None = None,
) -> Response:
    language, procedure = language_of(request), version(session, cases.ref_of(case))
    errors = {one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())}
    return PAGES.show(
        request,
        "ask_opinion.html",
        status=problem.status if problem else 200,
        case=case,
        title=procedure.title.within(language),
        going=opinions.is_going(case),
        officials=_officials(session, caller, case, language),
        fields=opinions.field_choices(procedure, case, language),
        attachments=opinions.file_choices(procedure, case, language),
        given={name: posted.get(name, [""])[0] for name in ("whom", "to", "name", "email", "language", "question", "due_on")},
        picked={name: set(posted.get(name, [])) for name in ("fields", "attachments", "contact")},
        errors=errors,
        summary=[(_ANCHORS.get(at, at), text) for at, text in errors.items()],
        problem=problem,
        limit=opinions.QUESTION_LIMIT,
    )


def _officials(session: Session, caller: Caller, case: Case, language: Language) -> list[tuple[UUID, str, str]]:
    """Whom one may ask, with the names of the first groups each works for."""
    titles, found = group_titles(session, language), []
    for account_id, name, groups in opinions.officials(session, caller, case):
        told = [titles.get(group, group) for group in groups[:_GROUPS_TOLD]]
        if more := len(groups) - len(told):
            told.append(translate(_AND_MORE, language, number=more))
        found.append((account_id, name, translate(", ", language).join(told)))
    return found
