"""Retention and legal holds as pages: what is held back and why, and what the last runs did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from deploy.console.frame import Reason, back_to, pages
from deploy.console.schedule_pages import OUTCOMES
from deploy.signs.retention import RUNS, retention
from deploy.signs.sign import said
from shared.i18n import message
from shared.operation import holds, runs
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid
from shared.retention.purging import Line, lines
from shared.web.callers import Transaction
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.operation.tables import Run
    from shared.problems import Problem

RUNS_SHOWN = 3
KINDS = {
    "application": message("An application"),
    "organisation": message("An organisation, with all its applications"),
    "procedure": message("A procedure, with all its applications"),
}
BECOMES = {"deleted": message("Deleted"), "anonymised": message("Made anonymous"), "held": message("Held back")}
DONE = {"held": message("It is held from now on."), "released": message("It is not held any more.")}

router = pages_router()


@router.get("/console/retention")
def show_retention(request: Request, session: Transaction, _caller: OperatorPerson, done: str = "") -> Response:
    return _page(request, session, done=done)


@router.post("/console/retention/holds")
def hold(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    *,
    kind: Annotated[str, Form(max_length=20)] = "",
    subject: Annotated[str, Form(max_length=1000)] = "",
    reason: Reason = "",
) -> Response:
    try:
        holds.hold(session, Operator.at_the_pages(caller), kind, subject, reason)
    except (Invalid, Conflict) as problem:
        return _page(
            request, session, problem=problem, tried="hold", written={"kind": kind, "subject": subject, "reason": reason}
        )
    return back_to("/console/retention", done="held")


@router.post("/console/retention/holds/{hold_id}/release")
def release(hold_id: UUID, request: Request, session: Transaction, caller: OperatorPerson, reason: Reason = "") -> Response:
    try:
        holds.release(session, Operator.at_the_pages(caller), hold_id, reason)
    except Invalid as problem:
        return _page(request, session, problem=problem, tried=str(hold_id))
    return back_to("/console/retention", done="released")


def _page(
    request: Request,
    session: Session,
    *,
    done: str = "",
    problem: Problem | None = None,
    tried: str = "",
    written: dict[str, str] | None = None,
) -> Response:
    language = language_of(request)
    return pages.show(
        request,
        "retention.html",
        status=problem.status if problem else 200,
        holds=holds.lasting(session),
        kinds=KINDS,
        runs=_runs(session),
        run_names=RUNS,
        outcomes=OUTCOMES,
        becomes=BECOMES,
        signs=[(one, said(one, language)) for one in retention(session, datetime.now(UTC))],
        done=DONE.get(done, ""),
        problem=problem,
        tried=tried,
        written=written or {},
    )


def _runs(session: Session) -> Sequence[tuple[Run, list[Line]]]:
    """The last runs of each service, with what they did."""
    return [(run, list(lines(run.report))) for kind in RUNS for run in runs.latest(session, kind, most=RUNS_SHOWN)]
