"""Answering from outside. The mailed link is exchanged for a cookie at once, so that its secret stays in no address."""

from __future__ import annotations

import math
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.review.audit.audit import note
from services.review.files import files
from services.review.files.downloads import entered, handed_out, ids_in, must_be_taken, text_in
from services.review.opinions import answering
from services.review.opinions.answering import Asked
from services.review.opinions.opinions import OUTSIDE
from services.review.opinions.pages import PAGES, answer_page
from shared.buckets import Buckets
from shared.i18n import JST
from shared.problems import Conflict, Gone, Invalid, NotFound, TooMany
from shared.web.callers import Transaction
from shared.web.cookies import set_cookie
from shared.web.downloads import handed_over
from shared.web.multipart import Entered
from shared.web.pages import pages_router


async def _slowly(request: Request) -> None:
    """Raises TooMany for an address that asks too fast."""
    buckets: Buckets | None = request.app.state.opinion_buckets
    if buckets is not None and request.client and (wait := buckets.take(request.client.host.encode())):
        raise TooMany("Ask more slowly", retry_after=math.ceil(wait))


router = pages_router()
router.dependencies.append(Depends(_slowly))


def _cookie(opinion_id: UUID) -> str:
    return f"__Host-madoguchi-opinion-{opinion_id.hex}"


def _asked(request: Request, session: Session, opinion_id: UUID, *, lock: bool = False) -> Asked:
    secret = request.cookies.get(_cookie(opinion_id), "")
    return answering.outside(session, request.app.state.settings.secret_key, opinion_id, secret, lock=lock)


@router.get(OUTSIDE)
def open_link(request: Request, session: Transaction, link: str = "", secret: str = "") -> Response:
    """The link of the mail: the browser keeps its secret until the last day, and goes on to the page itself."""
    try:
        asked = answering.outside(session, request.app.state.settings.secret_key, UUID(link), secret)
    except (ValueError, NotFound, Gone) as problem:
        status = problem.status if isinstance(problem, NotFound | Gone) else 404
        return _unlisted(PAGES.show(request, "opinion_over.html", status=status))
    opinion = asked.opinion
    last = datetime.combine(opinion.due_on + timedelta(days=1), time.min, JST)
    response = RedirectResponse(f"{OUTSIDE}/{opinion.id}", 303, {"cache-control": "no-store"})
    set_cookie(response, _cookie(opinion.id), secret, int((last - datetime.now(JST)).total_seconds()))
    return _unlisted(response)


@router.get(OUTSIDE + "/{opinion_id}")
def show_asked(opinion_id: UUID, request: Request, session: Transaction) -> Response:
    try:
        asked = _asked(request, session, opinion_id)
    except (NotFound, Gone) as problem:
        return _unlisted(PAGES.show(request, "opinion_over.html", status=problem.status))
    _note(session, asked, "opinion.shown")
    return _answering(request, session, asked, saved="saved" in request.query_params)


async def _entered(request: Request, opinion_id: UUID) -> Entered:
    def sending() -> tuple[UUID, UUID]:
        with Session(request.app.state.engine) as session:
            asked = _asked(request, session, opinion_id)
            return asked.case.id, asked.opinion.id

    return await entered(request, sending)


@router.post(OUTSIDE + "/{opinion_id}")
def answer(opinion_id: UUID, request: Request, session: Transaction, posted: Annotated[Entered, Depends(_entered)]) -> Response:
    asked = _asked(request, session, opinion_id, lock=True)
    try:
        must_be_taken(posted)
        answering.answer(session, asked, text_in(posted, "answer"), ids_in(posted))
    except (Conflict, Invalid) as problem:
        session.rollback()
        return _answering(request, session, asked, posted=posted, problem=problem)
    _note(session, asked, "opinion.answered")
    return _unlisted(RedirectResponse(f"{OUTSIDE}/{opinion_id}?saved=1", 303, {"cache-control": "no-store"}))


@router.get(OUTSIDE + "/{opinion_id}/attachments/{attachment_id}")
def fetch_attachment(opinion_id: UUID, attachment_id: UUID, request: Request, session: Transaction) -> Response:
    asked = _asked(request, session, opinion_id)
    named = answering.attachment(asked, attachment_id)
    _note(session, asked, "opinion.attachment-fetched", attachment_id)
    return _unlisted(handed_over(request, named))


@router.get(OUTSIDE + "/{opinion_id}/files/{file_id}")
def fetch_file(opinion_id: UUID, file_id: UUID, request: Request, session: Transaction) -> Response:
    asked = _asked(request, session, opinion_id)
    return _unlisted(handed_out(request, files.shown(session, asked.case.id, opinion_id, file_id)))


def _note(session: Session, asked: Asked, act: str, attachment: UUID | None = None) -> None:
    note(session, None, act, asked.case.id, opinion=asked.opinion.id, outside=True, attachment=attachment)


def _answering(request: Request, session: Session, asked: Asked, **more: Any) -> Response:
    return answer_page(request, session, asked, here=f"{OUTSIDE}/{asked.opinion.id}", **more)


def _unlisted(response: Response) -> Response:
    """No search engine lists it, nobody keeps it."""
    response.headers["x-robots-tag"] = "noindex, nofollow"
    response.headers["cache-control"] = "no-store"
    return response
