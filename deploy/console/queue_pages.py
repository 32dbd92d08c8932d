"""Queues and their ages as a page."""

from __future__ import annotations

from fastapi import Request, Response

from deploy.console import queues
from deploy.console.frame import pages
from deploy.signs.health import healths
from shared.bus import deadletters
from shared.i18n import show_age
from shared.web.callers import Transaction
from shared.web.charts import number
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

router = pages_router()


@router.get("/console/queues")
def show_queues(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language, settings = language_of(request), request.app.state.settings
    rows = deadletters.waiting(session)
    pulse = queues.pulse(session, language)
    session.commit()  # services are asked over HTTP; no connection waits for that
    told = {one.service: one for one in healths(settings.health_addresses) or []}
    channels = told["notify"].parts.get("messages", {}) if "notify" in told else {}
    return pages.show(
        request,
        "queues.html",
        rows=[{**row, "oldest": show_age(row["oldest"], language)} for row in rows],
        waiting=queues.waiting(rows, language),
        pulse=pulse,
        lengths=queues.lengths(settings.broker_url),
        channels=[
            (name, one, show_age(one["oldest_s"], language), name in channels.get("stopped", ()))
            for name, one in channels.get("channels", {}).items()
        ],
        number=number,
    )
