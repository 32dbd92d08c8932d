"""Dead letters as pages: look at them, edit what they carry, replay or discard them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Form, Request, Response

from deploy.console.frame import Reason, back_to, pages
from shared.bus import deadletters
from shared.i18n import message
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid, Problem
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import OperatorPerson

LETTERS_SHOWN = 200
LIST = "/console/dead-letters"
DONE = {
    "replayed": message("Deliveries given back to the workers: {count}"),
    "discarded": message("Deliveries discarded: {count}"),
    "edited": message("The event is changed. Now replay it."),
}

Subscriber = Annotated[str, Form(pattern=r"^[a-z_.]{0,100}$")]

router = pages_router()


@router.get("/console/dead-letters")
def list_letters(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    subscriber: str = "",
    done: str = "",
    count: int = 0,
) -> Response:
    dead = {row["subscriber"]: row["dead"] for row in deadletters.waiting(session) if row["dead"]}
    chosen = subscriber if subscriber in dead else ""
    return pages.show(
        request,
        "dead_letters.html",
        letters=deadletters.listed(session, subscriber=chosen or None, limit=LETTERS_SHOWN),
        dead=dead,
        chosen=chosen,
        limit=LETTERS_SHOWN,
        done=DONE.get(done, ""),
        count=count,
    )


@router.post("/console/dead-letters")
def replay_many(session: Transaction, caller: OperatorPerson, subscriber: Subscriber = "") -> Response:
    replayed = deadletters.replay(session, Operator.at_the_pages(caller), subscriber=subscriber or None)
    return back_to(LIST, done="replayed", count=len(replayed))


@router.get("/console/dead-letters/{event_id}")
def show_letter(event_id: UUID, request: Request, session: Transaction, caller: OperatorPerson, done: str = "") -> Response:
    found = deadletters.shown(session, Operator.at_the_pages(caller), event_id)
    return _page(request, found, done=DONE.get(done, ""))


@router.post("/console/dead-letters/{event_id}")
def replay(event_id: UUID, session: Transaction, caller: OperatorPerson, subscriber: Subscriber = "") -> Response:
    replayed = deadletters.replay(session, Operator.at_the_pages(caller), event_id, subscriber or None)
    return back_to(LIST, done="replayed", count=len(replayed))


@router.post("/console/dead-letters/{event_id}/discard")
def discard(
    event_id: UUID,
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    *,
    subscriber: Subscriber = "",
    reason: Reason = "",
) -> Response:
    by = Operator.at_the_pages(caller)
    try:
        discarded = deadletters.discard(session, by, event_id, reason, subscriber or None)
    except Invalid as problem:
        return _page(request, deadletters.shown(session, by, event_id), problem=problem, discarding=subscriber)
    return back_to(LIST, done="discarded", count=len(discarded))


@router.post("/console/dead-letters/{event_id}/data")
def edit(
    event_id: UUID,
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    *,
    data: Annotated[str, Form(max_length=1_000_000)] = "",
    reason: Reason = "",
) -> Response:
    by = Operator.at_the_pages(caller)
    try:
        deadletters.edit(session, by, event_id, data, reason)
    except (Invalid, Conflict) as problem:
        return _page(request, deadletters.shown(session, by, event_id), problem=problem, written=data, reason=reason)
    return back_to(f"{LIST}/{event_id}", done="edited")


def _page(request: Request, found: list[dict[str, Any]], *, problem: Problem | None = None, **values: Any) -> Response:
    payload = orjson.dumps(found[0]["data"], option=orjson.OPT_INDENT_2).decode()
    shown = {"done": "", "written": payload, "reason": "", "discarding": None} | values
    status = problem.status if problem else 200
    return pages.show(
        request, "dead_letter.html", status=status, letter=found[0], deliveries=found, payload=payload, problem=problem, **shown
    )
