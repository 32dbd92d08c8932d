"""The desk's page of messages about one case: read, and written with files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.cases import cases
from services.review.files.downloads import entered, for_field, ids_in, must_be_taken, text_in
from services.review.messages import messages
from services.review.procedures import version
from services.review.wall import acts
from shared.conversations import TEXT_LIMIT
from shared.files.kept import MOST_FILES
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, TooMany
from shared.web.callers import Transaction
from shared.web.downloads import handed_over
from shared.web.multipart import Entered
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


async def _entered(request: Request, caller: ReviewerPerson, case_id: UUID) -> Entered:
    def sending() -> tuple[UUID, UUID]:
        with Session(request.app.state.engine) as session:
            acts(session, caller)
            return cases.shown(session, caller, case_id).id, caller.account_id

    return await entered(request, sending)


@router.get("/desk/cases/{case_id}/messages")
def show_messages(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    return _show(request, session, caller, case_id)


@router.post("/desk/cases/{case_id}/messages")
def write_message(
    case_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    posted: Annotated[Entered, Depends(_entered)],
) -> Response:
    scanning = bool(request.app.state.settings.clamd)
    try:
        must_be_taken(posted)
        message = messages.write(session, caller, case_id, text_in(posted, "text"), ids_in(posted), scanning=scanning)
    except (Invalid, Conflict, TooMany) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return _show(request, session, caller, case_id, posted=posted, problem=problem)
    return RedirectResponse(f"/desk/cases/{case_id}/messages#{message.id}", 303, {"cache-control": "no-store"})


@router.get("/desk/cases/{case_id}/messages/{message_id}/files/{file_id}")
def fetch_file(  # noqa: PLR0917 - what FastAPI gives
    case_id: UUID, message_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    case = cases.shown(session, caller, case_id)
    return handed_over(request, messages.file_of(session, case, message_id, file_id))


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    case_id: UUID,
    *,
    posted: Entered | None = None,
    problem: Invalid | Conflict | TooMany | None = None,
) -> Response:
    case = cases.shown(session, caller, case_id)
    messages.read(session, case)
    language = language_of(request)
    errors = {one.pointer[1:]: translate(one.detail, language, **one.values) for one in (problem.errors if problem else ())}
    return _pages.show(
        request,
        "messages.html",
        status=problem.status if problem else 200,
        case=case,
        title=version(session, cases.ref_of(case)).title.within(language),
        messages=messages.of_case(session, case),
        possible=messages.may_write(case),
        text=text_in(posted, "text") if posted else "",
        field=for_field(request, session, posted, of=(case.id, caller.account_id)),
        most=MOST_FILES,
        limit=TEXT_LIMIT,
        problem=problem,
        error=errors.get("text", ""),
        errors=errors,
        summary=[("files-file" if at == "files" else at, text) for at, text in errors.items()],
    )
