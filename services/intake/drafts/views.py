"""What the pages of a draft show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from services.intake.catalogue.procedures import Published
from services.intake.catalogue.shown import version_of
from services.intake.drafts import drafts
from services.intake.drafts import filing as draft_filing
from services.intake.drafts.telling import telling
from services.intake.files import enclosures
from services.intake.forms.shown import WORDS, Shown, as_shown, entries, refusals, with_files
from services.intake.forms.view import shown_page
from services.intake.models import Draft
from shared.i18n import message, translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Problem
from shared.procedure.form_errors import Wrong, pages_of, to_file
from shared.procedure.reading import files_in, sections
from shared.web.pages import Pages, language_of

_pages = Pages(Path(__file__).parent.parent / "templates")


def errors_in(draft: Draft, published: Published) -> list[Wrong]:
    """What keeps a draft from being filed."""
    return [one for one in draft_filing.errors_of(draft, published) if one.level == "error"]


def places_on(published: Published, number: int, answers: dict[str, Any], request: Request) -> set[str]:
    """The fields that a page shows with these answers."""
    return {one.name for one in shown_page(published, number, answers, language_of(request)) if one.name}


def _steps(draft: Draft, published: Published, request: Request) -> list[dict[str, Any]]:
    """The pages and how they stand: done, to mend, or not seen yet."""
    wrong = {pages_of(published).get(one.key) for one in errors_in(draft, published)}
    return [
        {
            "title": page.page.within(language_of(request)),
            "href": f"/drafts/{draft.id}/pages/{number}{'?check=1' if number in draft.seen else ''}",
            "state": "" if number not in draft.seen else "mend" if number in wrong else "good",
        }
        for number, page in enumerate(published.procedure.form, 1)
    ]


def states_in(request: Request, draft: Draft, answers: dict[str, Any]) -> dict[str, str]:
    """How the files stand that a draft names."""
    scanning = bool(request.app.state.settings.clamd)
    return enclosures.states(draft_filing.session_of(draft), draft.organisation_id, answers, scanning=scanning)


_FOUND = {
    "none": message("Nothing was found for this. Look at it again, or fill in the rest yourself."),
    "one": message("Filled in from public data. Look through it, and change what is not right."),
    "several": message("This stands for several places. Complete the address."),
}


def _note(fields: Sequence[Shown], request: Request) -> None:
    """Say at a field what its lookup came to (`?found=one&at=address`)."""
    says, at = _FOUND.get(request.query_params.get("found", "")), request.query_params.get("at", "")
    for one in [part for field in fields for part in (field, *(part for row in field.rows for part in row))] if says else ():
        if one.name == at and one.lookup:
            one.note = translate(says or "", language_of(request))


def form_page(
    request: Request,
    draft: Draft,
    published: Published,
    caller: Caller,
    number: int,
    *,
    check: bool = False,
    more: bool = False,
    late: Conflict | None = None,
    answers: dict[str, Any] | None = None,
    refused: Mapping[str, Problem] | None = None,
    status: int = 200,
) -> Response:
    """A page of the form: as saved, or with `answers` that could not be saved; `check` says what is wrong.

    `refused` says by field why a file was not taken.
    """
    language = language_of(request)
    entered = draft.answers if answers is None else answers
    fields = shown_page(
        published,
        number,
        as_shown(published, entered, check=check),
        language,
        wrong=[*refusals(refused or {}), *(draft_filing.errors_of(draft, published) if check else ())],
        mends=draft.mends,
        lookups=request.app.state.lookups.available(),
        states=states_in(request, draft, entered),
    )
    _note(fields, request)
    return _pages.show(
        request,
        "draft_page.html",
        status=409 if late else status,
        draft=draft,
        title=published.procedure.title.within(language),
        page_title=published.procedure.form[number - 1].page.within(language),
        number=number,
        steps=_steps(draft, published, request),
        fields=fields,
        check=check,
        with_files=with_files(fields),
        errors=entries(fields, language),
        more=more,
        late=late,
        held=drafts.held_by_another(draft, caller),
        **WORDS,
    )


def confirm_page(
    request: Request,
    draft: Draft,
    published: Published,
    caller: Caller,
    *,
    duplicates: Sequence[Wrong] = (),
    contact: dict[str, str] | None = None,
    contact_errors: dict[str, Any] | None = None,
    late: Conflict | None = None,
    status: int = 200,
) -> Response:
    """Everything before it is filed. `duplicates` say what was filed already."""
    language = language_of(request)
    wrong = draft_filing.errors_of(draft, published)
    found = [*wrong, *duplicates]
    pages = pages_of(published)
    unreadable = {one.key for one in wrong if one.level == "error"}
    readable = {key: answer for key, answer in to_file(published, draft.answers).items() if key not in unreadable}
    labels = {one.key: one.label.within(language) for one in published.procedure.fields()}
    base = f"/drafts/{draft.id}/pages"
    places = [
        (
            one.level,
            f"{base}/{pages.get(one.key, 1)}?check=1#{one.key}",
            labels.get(one.key, ""),
            one.within(language),
        )
        for one in found
    ]
    return _pages.show(
        request,
        "draft_confirm.html",
        status=409 if late else status,
        draft=draft,
        title=published.procedure.title.within(language),
        steps=(steps := _steps(draft, published, request)),
        changes={step["title"]: step["href"] for step in steps},
        sections=sections(published.procedure, readable, language),
        files=files_in(published.procedure, readable, language),
        states=states_in(request, draft, readable),
        errors=[place for place in places if place[0] == "error"],
        warnings=[place for place in places if place[0] == "warning"],
        contact=contact or draft_filing.contact_of(draft, caller),
        contact_errors=contact_errors or {},
        late=late,
        held=drafts.held_by_another(draft, caller),
    )


def telling_of(request: Request, session: Session, draft: Draft) -> str:
    """What tells a draft from others of its procedure, in the language of whoever looks."""
    return telling(version_of(request, session, draft).procedure, draft.answers, language_of(request))
