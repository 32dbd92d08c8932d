"""Feature switches as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Form, Request, Response

from deploy.console.frame import Reason, back_to, pages
from shared.operation import switches
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.problems import Problem

router = pages_router()


@router.get("/console/switches")
def list_switches(request: Request, session: Transaction, _caller: OperatorPerson, done: str = "") -> Response:
    return _page(request, session, done=done)


@router.post("/console/switches/{name}")
def turn(
    name: str, request: Request, session: Transaction, caller: OperatorPerson, *, on: Annotated[bool, Form()], reason: Reason = ""
) -> Response:
    try:
        switches.turn(session, Operator.at_the_pages(caller), name, on=on, reason=reason)
    except (Invalid, Conflict) as problem:
        return _page(request, session, problem=problem, turned=name)
    return back_to("/console/switches", done="on" if on else "off")


def _page(request: Request, session: Session, *, done: str = "", problem: Problem | None = None, turned: str = "") -> Response:
    status = problem.status if problem else 200
    standings = switches.standings(session)
    return pages.show(request, "switches.html", status=status, standings=standings, done=done, problem=problem, turned=turned)
