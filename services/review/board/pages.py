"""The manager's board."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request, Response

from services.review.board import board
from services.review.board.board import AGES, Board, Pile
from services.review.procedures import newest
from shared.i18n import Language, message, show_date, translate
from shared.procedure.fields import NAME
from shared.procedure.model import Procedure
from shared.web.callers import Transaction
from shared.web.charts import Bar, Chart, number
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.visitors import ReviewerPerson
from shared.workdays import today

_PILE = (message("In time"), message("Overdue"), message("With the applicant for mending"))
_STANDARD = {
    True: message("{procedure} (standard: {days} working days)"),
    False: message("{procedure} (standard: {days} days)"),
}
_MOST_BARS = 40
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/desk/board")
def show_board(
    request: Request,
    session: Transaction,
    caller: ReviewerPerson,
    *,
    group: Annotated[str | None, Query(pattern=NAME, max_length=63)] = None,
) -> Response:
    language = language_of(request)
    procedures = {one.procedure: one for one in newest(session)}
    titles = {office.key: office.title.within(language) for one in procedures.values() for office in one.offices}
    found = board.board(session, caller, today(), group=group)
    return _pages.show(
        request,
        "board.html",
        board=found,
        charts=[
            _ages(found, language),
            _stages(procedures, found, language),
            _officials(found, language),
            _weeks(found, language),
            _paces(procedures, found, language),
        ],
        number=number,
        group=group,
        groups=[(one, titles.get(one, one), with_query(request, group=one)) for one in board.groups(session, caller)],
        every=with_query(request, group=None),
    )


def _piles(key: str, title: str, heading: str, piles: list[tuple[str, Pile]], language: Language) -> Chart:
    bars = [Bar(label, (pile.in_time, pile.overdue, pile.mending)) for label, pile in piles[:_MOST_BARS]]
    if rest := piles[_MOST_BARS:]:
        whole = Pile(*(sum(getattr(pile, name) for _, pile in rest) for name in ("number", "mending", "overdue")))
        bars.append(Bar(translate(message("All others"), language), (whole.in_time, whole.overdue, whole.mending)))
    return Chart(key, translate(title, language), translate(heading, language), _said(_PILE, language), bars)


def _said(texts: tuple[str, ...], language: Language) -> tuple[str, ...]:
    return tuple(translate(one, language) for one in texts)


def _ages(found: Board, language: Language) -> Chart:
    labels = [
        translate(message("{first} to {last} days"), language, first=first, last=after - 1) for first, after in pairwise(AGES)
    ]
    labels.append(translate(message("{first} days or more"), language, first=AGES[-1]))
    title = message("Open cases by the days since their arrival")
    return _piles("ages", title, message("Age"), list(zip(labels, found.ages, strict=True)), language)


def _stages(procedures: dict[str, Procedure], found: Board, language: Language) -> Chart:
    piles = []
    for (procedure_id, key), pile in sorted(found.stages.items(), key=lambda one: -one[1].number):
        procedure = procedures[procedure_id]
        names = (procedure.title.within(language), procedure.review.stage(key).title.within(language))
        piles.append((translate(message("{procedure}, {stage}"), language, procedure=names[0], stage=names[1]), pile))
    return _piles("stages", message("Where open cases wait"), message("Stage"), piles, language)


def _officials(found: Board, language: Language) -> Chart:
    nobody, left = (translate(text, language) for text in (message("Nobody yet"), message("Somebody who left")))
    piles = [((one.name or left) if one.id else nobody, one.pile) for one in found.officials]
    return _piles("officials", message("Open cases of each official"), message("Official"), piles, language)


def _weeks(found: Board, language: Language) -> Chart:
    bars = [Bar(show_date(monday, language), (count,)) for monday, count in found.weeks]
    title, heading = (translate(text, language) for text in (message("Decided in each week"), message("Week from")))
    return Chart("weeks", title, heading, _said((message("Decided"),), language), bars)


def _paces(procedures: dict[str, Procedure], found: Board, language: Language) -> Chart:
    bars = []
    for one in found.paces:
        procedure = procedures[one.procedure_id]
        period = procedure.standard_period
        says = translate(message("{median} / {ninetieth}"), language, median=number(one.median), ninetieth=number(one.ninetieth))
        label = procedure.title.within(language)
        if period:
            label = translate(_STANDARD[period.working], language, procedure=label, days=period.days)
        bars.append(Bar(label, (one.median, one.ninetieth - one.median), says))
    title = message("Days that decisions took in the last 180 days: half of them / nine of ten at most")
    series = _said((message("Half of them at most"), message("Nine of ten: so many more")), language)
    return Chart("paces", translate(title, language), translate(message("Procedure"), language), series, bars)
