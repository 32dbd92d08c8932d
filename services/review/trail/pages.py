"""The page that shows a manager who saw a case and did what with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import RowMapping

from services.review.cases.cases import ref_of
from services.review.procedures import version
from services.review.trail import trail
from services.review.trail.acts import named
from services.review.trail.routes import LAST_ID
from shared.i18n import Language, message, translate
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ReviewerPerson

PAGE = 50
# What the names of details are called; any other is shown as it was noted.
_NAMES = {
    "attachment": message("Attached files"),
    "correction": message("Correction"),
    "decision": message("Decision"),
    "document": message("Document"),
    "due_on": message("Due"),
    "duty": message("Duties"),
    "group": message("Office"),
    "heard": message("Event"),
    "late": message("Late"),
    "message": message("Message"),
    "official": message("Official"),
    "opinion": message("Opinions"),
    "revision": message("Version of the contents"),
    "stage": message("Stage"),
}

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
    language = language_of(request)
    return _pages.show(
        request,
        "trail.html",
        case=case,
        title=version(session, ref_of(case)).title.within(language),
        entries=[(one, translate(named(one["act"]), language), _details(one, language)) for one in found[:PAGE]],
        older=with_query(request, before=found[PAGE - 1]["id"]) if len(found) > PAGE else "",
    )


def _details(entry: RowMapping, language: Language) -> str:
    """The details of an entry in one line, as they were noted: names and ids."""
    told = []
    for name, value in entry["details"].items():
        if value is None or value is False or value in ("", []):
            continue
        says = translate("Yes", language) if value is True else value
        told.append(f"{translate(_NAMES.get(name, name), language)}{translate(': ', language)}{says}")
    return translate(", ", language).join(told)
