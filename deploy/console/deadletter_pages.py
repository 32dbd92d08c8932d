"""Dead letters as pages: looking at them, and replaying them."""

from __future__ import annotations

import logging
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Form, Request, Response

from deploy.console.frame import back_to, pages
from shared.bus import deadletters
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import OperatorPerson

log = logging.getLogger(__name__)

LETTERS_SHOWN = 200

router = pages_router()


@router.get("/console/dead-letters")
def list_letters(request: Request, session: Transaction, _caller: OperatorPerson, replayed: int | None = None) -> Response:
    letters = deadletters.listed(session, limit=LETTERS_SHOWN)
    return pages.show(request, "dead_letters.html", letters=letters, replayed=replayed, limit=LETTERS_SHOWN)


@router.get("/console/dead-letters/{event_id}")
def show_letter(event_id: UUID, request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    found = deadletters.shown(session, event_id)
    payload = orjson.dumps(found[0]["data"], option=orjson.OPT_INDENT_2).decode()
    return pages.show(request, "dead_letter.html", letter=found[0], deliveries=found, payload=payload)


@router.post("/console/dead-letters/{event_id}")
def replay(
    event_id: UUID,
    session: Transaction,
    caller: OperatorPerson,
    subscriber: Annotated[str, Form(pattern=r"^[a-z_.]{0,100}$")] = "",
) -> Response:
    replayed = deadletters.replay(session, event_id, subscriber or None)
    log.info(
        "dead letters were replayed",
        extra={"context": {"event": str(event_id), "deliveries": len(replayed), "operator": str(caller.account_id)}},
    )
    return back_to("/console/dead-letters", replayed=len(replayed))
