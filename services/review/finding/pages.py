"""The list of cases as a page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response

from services.review.cases.cases import ref_of
from services.review.cases.states import state_of
from services.review.clock.badges import badge
from services.review.finding import finding, form
from services.review.finding.finding import COUNTED, Sort
from services.review.procedures import version
from shared.i18n import message, translate
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

PAGE = 20
SORTS: dict[Sort, str] = {"newest": message("Newest first"), "oldest": message("Oldest first"), "due": message("Last day first")}

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk")
def list_cases(
    request: Request, session: Transaction, caller: ReviewerPerson, *, sort: Sort = "newest", before: UUID | None = None
) -> Response:
    language = language_of(request)
    entered = form.read(request.query_params)
    hits = finding.look_up(session, entered.filter)
    found = finding.listed(session, caller, entered.filter, sort=sort, limit=PAGE + 1, before=before, hits=hits)
    finding.noted(session, caller, entered.filter, found[:PAGE])
    choices = form.choices(session, caller, language)
    errors = {error.pointer[1:]: translate(error.detail, language, **error.values) for error in entered.errors}
    return _pages.show(
        request,
        "cases.html",
        rows=[
            {
                "case": one,
                "title": version(session, ref_of(one)).title.within(language),
                "state": state_of(one),
                "due": badge(session, one, today()),
            }
            for one in found[:PAGE]
        ],
        count=finding.counted(session, caller, entered.filter, hits),
        counted=COUNTED,
        entered=entered,
        labels=form.LABELS,
        choices=choices,
        chips=form.chips(entered, choices, language, lambda name: with_query(request, before=None, **{name: None})),
        errors=errors,
        sort=sort,
        sorts=SORTS,
        whose=[(one, text, with_query(request, before=None, whose=one)) for one, text in form.WHOSE.items()],
        states=[(one, text, with_query(request, before=None, state=one)) for one, text in form.STATES.items()],
        all_of_groups=with_query(request, before=None, whose="groups"),
        plain="/desk?" + urlencode({"whose": entered.whose, "state": entered.state}),
        older=with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else "",
    )
