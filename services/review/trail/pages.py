"""The page that shows a manager who saw a case and did what with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.review.cases.cases import ref_of
from services.review.procedures import version
from services.review.trail import trail, words
from services.review.trail.acts import named
from services.review.trail.routes import LAST_ID
from shared.i18n import translate
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ReviewerPerson

PAGE = 50
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk/cases/{case_id}/trail")
def show_trail(
    case_id: UUID,
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    before: Annotated[int | None, Query(ge=1, le=LAST_ID)] = None,
) -> Response:
    case, found = trail.of_case(session, caller, case_id, before=before, limit=PAGE + 1)
    language, procedure = language_of(request), version(session, ref_of(case))
    officials = trail.officials_in(session, found)
    return _pages.show(
        request,
        "trail.html",
        case=case,
        title=procedure.title.within(language),
        entries=[
            {
                "entry": one,
                "act": translate(named(one["act"]), language),
                "duty": words.duties(one["duty"], language),
                "details": words.details(one["details"], procedure, officials, language),
            }
            for one in found[:PAGE]
        ],
        older=with_query(request, before=found[PAGE - 1]["id"]) if len(found) > PAGE else "",
    )
