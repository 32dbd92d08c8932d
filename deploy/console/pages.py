"""The console's pages, for operators."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from deploy.console.health import healths
from shared.bus import deadletters
from shared.i18n import message, show_age
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import OperatorPerson

log = logging.getLogger(__name__)

STATUS = {
    "ok": ("good", message("Well")),
    "degraded": ("mend", message("Works, but a part is not well")),
    "down": ("bad", message("Down")),
}
PARTS = {
    "database": message("Database"),
    "broker": message("Broker"),
    "deliveries": message("Late deliveries"),
    "storage": message("Storage of files"),
    "scanner": message("Virus scanner"),
    "messages": message("Messages wait too long"),
}
LETTERS_SHOWN = 200

_pages = Pages(Path(__file__).parent / "templates")
router = pages_router()


@router.get("/console")
def overview(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    waiting = [{**row, "oldest": show_age(row["oldest"], language)} for row in deadletters.waiting(session)]
    session.commit()  # the services' health is asked for over HTTP; no connection waits for that
    return _pages.show(
        request,
        "overview.html",
        waiting=waiting,
        services=healths(request.app.state.settings.health_addresses),
        statuses=STATUS,
        parts=PARTS,
    )


@router.get("/console/dead-letters")
def list_letters(request: Request, session: Transaction, _caller: OperatorPerson, replayed: int | None = None) -> Response:
    letters = deadletters.listed(session, limit=LETTERS_SHOWN)
    return _pages.show(request, "dead_letters.html", letters=letters, replayed=replayed, limit=LETTERS_SHOWN)


@router.get("/console/dead-letters/{event_id}")
def show_letter(event_id: UUID, request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    found = deadletters.shown(session, event_id)
    payload = orjson.dumps(found[0]["data"], option=orjson.OPT_INDENT_2).decode()
    return _pages.show(request, "dead_letter.html", letter=found[0], deliveries=found, payload=payload)


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
    return RedirectResponse(f"/console/dead-letters?replayed={len(replayed)}", 303, {"cache-control": "no-store"})
