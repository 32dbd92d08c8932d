"""The desk's pages of internal notes: reading, writing, and changing one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.audit.audit import note_view
from services.review.cases import cases
from services.review.files import files
from services.review.files.downloads import entered, for_field, handed_out, ids_in, lines, must_be_taken, text_in
from services.review.models import Case, Note
from services.review.notes import notes
from services.review.procedures import version
from services.review.wall import acts
from shared.files.kept import MOST_FILES
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid, TooMany
from shared.web.callers import Transaction
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
_ANCHORS = {"files": "files-file", "mentions": "mentions"}


async def _entered(request: Request, caller: ReviewerPerson, case_id: UUID) -> Entered:
    def sending() -> tuple[UUID, UUID]:
        with Session(request.app.state.engine) as session:
            acts(session, caller)
            return cases.shown(session, caller, case_id).id, caller.account_id

    return await entered(request, sending)


Posted = Annotated[Entered, Depends(_entered)]


@router.get("/desk/cases/{case_id}/notes")
def show_notes(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    case = cases.shown(session, caller, case_id)
    notes.seen(session, caller, case)
    return _show(request, session, caller, case)


@router.post("/desk/cases/{case_id}/notes")
def write(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    try:
        must_be_taken(posted)
        mentions, text = _mentions(posted), text_in(posted, "text")
        note = notes.write(session, caller, case_id, text, mentions=mentions, file_ids=ids_in(posted))
    except (Invalid, Conflict, TooMany) as problem:
        session.rollback()
        return _show(request, session, caller, cases.shown(session, caller, case_id), posted=posted, problem=problem)
    return _to(case_id, note.id)


@router.get("/desk/cases/{case_id}/notes/{note_id}")
def show_own(case_id: UUID, note_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    """One's own note, to be changed."""
    case = cases.shown(session, caller, case_id)
    return _show(request, session, caller, case, note=notes.own(session, caller, case, note_id))


@router.post("/desk/cases/{case_id}/notes/{note_id}")
def edit(  # noqa: PLR0917 - what FastAPI gives
    case_id: UUID, note_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted
) -> Response:
    try:
        must_be_taken(posted)
        mentions, text = _mentions(posted), text_in(posted, "text")
        notes.edit(session, caller, case_id, note_id, text, mentions=mentions, file_ids=ids_in(posted))
    except (Invalid, Conflict) as problem:
        session.rollback()
        case = cases.shown(session, caller, case_id)
        note = notes.own(session, caller, case, note_id)
        return _show(request, session, caller, case, note=note, posted=posted, problem=problem)
    return _to(case_id, note_id)


@router.post("/desk/cases/{case_id}/notes/{note_id}/deletion")
def delete(case_id: UUID, note_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    notes.remove(session, caller, case_id, note_id)
    return _to(case_id, note_id)


@router.get("/desk/cases/{case_id}/notes/{note_id}/files/{file_id}")
def fetch_file(  # noqa: PLR0917 - what FastAPI gives
    case_id: UUID, note_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    case = cases.shown(session, caller, case_id)
    note_view(session, caller, "file.fetched", case.id, file=file_id)
    return handed_out(request, files.shown(session, case.id, note_id, file_id))


def of_case(request: Request, session: Session, caller: Caller, case: Case) -> list[dict[str, Any]]:
    """The notes on a case, as pages show them."""
    found = notes.of_case(session, case)
    ids = [one.id for one in found]
    mentions, attached = notes.mentions_of(session, ids), files.of_owners(session, ids)
    return [
        {
            "note": one,
            "mentions": mentions[one.id],
            "files": lines(request, attached[one.id]),
            "own": one.author_id == caller.account_id,
            "editable": notes.may_edit(one, caller),
        }
        for one in found
    ]


def _mentions(posted: Entered) -> set[UUID]:
    try:
        return {UUID(one) for one in posted.posted.get("mentions", [])}
    except ValueError:
        wrong = FieldError("/mentions", "Choose officials of the list")
        raise Invalid("The note cannot be kept like this", errors=[wrong]) from None


def _to(case_id: UUID, note_id: UUID) -> Response:
    return RedirectResponse(f"/desk/cases/{case_id}/notes#note-{note_id}", 303, {"cache-control": "no-store"})


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    case: Case,
    *,
    note: Note | None = None,
    posted: Entered | None = None,
    problem: Invalid | Conflict | TooMany | None = None,
) -> Response:
    language = language_of(request)
    errors = {one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())}
    had = files.of_owners(session, [note.id])[note.id] if note else []
    mentioned = {str(one.account_id) for one in notes.mentions_of(session, [note.id])[note.id]} if note else set()
    here = f"/desk/cases/{case.id}/notes"
    return _pages.show(
        request,
        "notes.html",
        status=problem.status if problem else 200,
        case=case,
        title=version(session, cases.ref_of(case)).title.within(language),
        notes=[] if note else of_case(request, session, caller, case),
        note=note,
        here=f"{here}/{note.id}" if note else here,
        text=text_in(posted, "text") if posted else note.text if note else "",
        people=notes.people(session, caller, case),
        mentioned=set(posted.posted.get("mentions", [])) if posted else mentioned,
        field=for_field(request, session, posted, of=(case.id, caller.account_id), had=had),
        limits={"text": notes.TEXT_LIMIT, "files": MOST_FILES, "minutes": int(notes.EDITABLE.total_seconds() // 60)},
        problem=problem,
        errors=errors,
        summary=[(_ANCHORS.get(at, at), text) for at, text in errors.items()],
    )
