"""The inbox as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from services.notify.inbox import inbox, untold
from shared.web.callers import Transaction
from shared.web.pages import Pages, pages_router, with_query
from shared.web.visitors import ReviewerPerson

PAGE = 30
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/notify/inbox")
def list_inbox(request: Request, session: Transaction, caller: ReviewerPerson, before: UUID | None = None) -> Response:
    settings = request.app.state.settings
    found = inbox.listed(session, settings.secret_key, caller.email, limit=PAGE + 1, before=before)
    rows = [(one, inbox.said(session, request.app.state.wordings, one)) for one in found[:PAGE]]
    older = with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else ""
    unread = [one.id for one, _ in rows if one.read_at is None]
    return _pages.show(request, "inbox.html", rows=rows, older=older, unread=unread, days=settings.inbox_days)


@router.get("/notify/inbox/untold")
def list_untold(request: Request, session: Transaction, caller: ReviewerPerson, before: UUID | None = None) -> Response:
    """What reached nobody, of the offices that the reader has duties in."""
    found = untold.listed(session, caller.account_id, limit=PAGE + 1, before=before)
    rows = [(one, inbox.said(session, request.app.state.wordings, one)) for one in found[:PAGE]]
    older = with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return _pages.show(request, "untold.html", rows=rows, older=older)


@router.get("/notify/inbox/{message_id}")
def open_message(request: Request, session: Transaction, caller: ReviewerPerson, message_id: UUID) -> Response:
    """Go to what a message is about; it is read then."""
    path = inbox.opened(session, request.app.state.settings.secret_key, caller.email, message_id)
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


@router.post("/notify/inbox/read")
def read_messages(request: Request, session: Transaction, caller: ReviewerPerson, ids: Annotated[list[UUID], Form()]) -> Response:
    """Mark what was shown as read."""
    inbox.read(session, request.app.state.settings.secret_key, caller.email, ids[: PAGE * 2])
    return RedirectResponse("/notify/inbox", 303, {"cache-control": "no-store"})
