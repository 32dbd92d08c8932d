"""What colleagues want of an official: where he is mentioned, and his opinion. Every page of the desk shows how much waits."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response

from services.review.audit.audit import note_list
from services.review.cases.cases import procedure_of
from services.review.notes import notes
from services.review.opinions import answering
from shared.identity.callers import Caller
from shared.web.callers import Transaction, session_of
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

PATH = "/desk/asked"
_pages = Pages(Path(__file__).parents[2] / "templates")
router = pages_router()


@router.get(PATH)
def show(request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    language = language_of(request)
    mentioned, opinions = notes.mentioning(session, caller), answering.listed(session, caller)
    about = [case.id for _, case in mentioned] + [one.case_id for one in opinions]
    note_list(session, caller, "asked.shown", list(dict.fromkeys(about)))
    return _pages.show(
        request,
        "asked.html",
        mentioned=[
            {"note": note, "case": case, "title": procedure_of(session, case).title.within(language)} for note, case in mentioned
        ],
        opinions=opinions,
        today=today(),
    )


def counted(request: Request, caller: Caller) -> dict[str, int]:
    """How much of it waits, for the navigation."""
    if caller.role != "reviewer":
        return {}
    with session_of(request) as session:
        return {PATH: notes.waiting(session, caller) + answering.waiting(session, caller)}
