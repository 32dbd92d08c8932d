"""The page of notices, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.applications.wording import said_of
from services.intake.catalogue.shown import title_of
from services.intake.notices import notices
from shared.identity.callers import Caller
from shared.web.callers import Transaction, session_of
from shared.web.pages import Pages, pages_router, with_query
from shared.web.visitors import ApplicantPerson

PAGE = 20
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/notices")
def list_notices(request: Request, session: Transaction, caller: ApplicantPerson, before: UUID | None = None) -> Response:
    found = notices.listed(session, caller, limit=PAGE + 1, before=before)
    rows = [(one, title_of(request, session, one.application), said_of(one.notice.kind)) for one in found[:PAGE]]
    older = with_query(request, before=found[PAGE - 1].notice.id) if len(found) > PAGE else ""
    return _pages.show(request, "notices.html", rows=rows, older=older, unread=[one for one, *_ in rows if not one.is_read])


@router.post("/notices/read")
def read_notices(session: Transaction, caller: ApplicantPerson, ids: Annotated[list[UUID], Form()]) -> Response:
    """Mark what was shown as read."""
    notices.read(session, caller, ids[: PAGE * 10])
    return RedirectResponse("/notices", 303, {"cache-control": "no-store"})


def counted(request: Request, caller: Caller) -> dict[str, int]:
    """What the navigation counts: the unread notices."""
    if caller.role != "applicant":
        return {}
    with session_of(request) as session:
        return {"/notices": notices.unread(session, caller)}
