"""The console's first page: is all well, and if not, what is to be done."""

from __future__ import annotations

from fastapi import Request, Response

from deploy.console.frame import pages
from deploy.console.health import healths
from shared.bus import deadletters
from shared.i18n import message, show_age
from shared.web.callers import Transaction
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

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

router = pages_router()


@router.get("/console")
def overview(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    waiting = [{**row, "oldest": show_age(row["oldest"], language)} for row in deadletters.waiting(session)]
    session.commit()  # the services' health is asked for over HTTP; no connection waits for that
    return pages.show(
        request,
        "overview.html",
        waiting=waiting,
        services=healths(request.app.state.settings.health_addresses),
        statuses=STATUS,
        parts=PARTS,
    )
