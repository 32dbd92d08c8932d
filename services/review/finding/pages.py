"""The list of cases as a page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.review.cases.cases import ref_of
from services.review.cases.states import state_of
from services.review.clock.badges import badge
from services.review.finding import finding, form, views
from services.review.finding.finding import Sort
from services.review.procedures import version
from shared.i18n import message, translate
from shared.problems import Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.posted import Posted, last
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

PAGE = 20
NOTE_LIMIT = 1000
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
        counted=finding.most(entered.filter),
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
        sent=[("whose", entered.whose), ("state", entered.state), ("sort", sort), *entered.entries.items()],
        views=[(view, form.address(view), view.owner_id == caller.account_id) for view in views.of(session, caller)],
        name_limit=views.NAME_LIMIT,
        note_limit=NOTE_LIMIT,
        older=with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else "",
    )


@router.post("/desk/views")
def save_view(sent: Posted, session: Transaction, caller: ReviewerPerson) -> Response:
    entered = form.read({name: last(sent, name) for name in sent})
    if entered.errors:
        raise Invalid("The view cannot be saved like this", errors=entered.errors)
    sort: Sort = next((one for one in SORTS if one == last(sent, "sort")), "newest")
    name, group = last(sent, "name"), last(sent, "share") or None
    view = views.save(session, caller, name, entered.filter, sort=sort, group=group)
    return RedirectResponse(form.address(view), 303, {"cache-control": "no-store"})


@router.post("/desk/views/{view_id}/delete")
def delete_view(view_id: UUID, session: Transaction, caller: ReviewerPerson) -> Response:
    views.delete(session, caller, view_id)
    return RedirectResponse("/desk", 303, {"cache-control": "no-store"})
