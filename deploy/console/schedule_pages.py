"""Sources and schedules, and backups, as pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import redis
from fastapi import Request, Response
from sqlmodel import col, select

from deploy.console.frame import pages
from deploy.signs import work
from deploy.signs.health import healths
from deploy.signs.sign import said, size
from shared import workdays
from shared.bus import wakings
from shared.i18n import Language, message, show_age
from shared.operation import acts
from shared.operation.measuring import BASE, REHEARSAL, WAL
from shared.operation.tables import Run
from shared.web.callers import Transaction
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from shared.bus.wakings import Waking

RUNS_SHOWN = 30
OUTCOMES = {
    "done": ("good", message("Done")),
    "running": ("going", message("Running")),
    "failed": ("bad", message("Failed")),
}
RUNS = {
    BASE: message("Base backup"),
    WAL: message("Archive of the log"),
    REHEARSAL: message("Rehearsal of restoring"),
}

router = pages_router()


@router.get("/console/schedules")
def show_schedules(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    others = _runs(session, backups=False)
    imported = acts.found(session, acts.Wanted(act="lookup.imported"), most=20)
    session.commit()  # services are asked over HTTP; no connection waits for that
    told = {one.service: one for one in healths(request.app.state.settings.health_addresses) or []}
    scanner = told["intake"].parts.get("scanner", {}) if "intake" in told else {}
    signatures = scanner.get("signatures_of")
    return pages.show(
        request,
        "schedules.html",
        wakings=_wakings(request, language),
        runs=others,
        run_names=RUNS,
        outcomes=OUTCOMES,
        imported=imported,
        calendar=workdays.CALENDAR,
        signatures=datetime.fromisoformat(signatures) if signatures else None,
        scanning=scanner.get("scanning"),
    )


@router.get("/console/backups")
def show_backups(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    return pages.show(
        request,
        "backups.html",
        signs=[(one, said(one, language)) for one in work.backups(session)],
        runs=_runs(session, backups=True),
        run_names=RUNS,
        outcomes=OUTCOMES,
        size=size,
    )


def _wakings(request: Request, language: Language) -> list[tuple[Waking, str, bool]] | None:
    """Each task with how often it is woken, and whether it is late; None when the broker does not answer."""
    now = datetime.now(UTC)
    try:
        with wakings.client_of(request.app.state.settings.broker_url) as client:
            return [(one, show_age(one.every, language), one.late(now)) for one in wakings.read(client)]
    except redis.RedisError:
        return None


def _runs(session: Session, *, backups: bool) -> Sequence[Run]:
    """The newest runs of scheduled work: backups and rehearsals, or all others."""
    kind = col(Run.kind).startswith("backup.")
    others = ~kind & ~col(Run.kind).startswith("retention.")  # which have their own page
    return session.exec(
        select(Run).where(kind if backups else others).order_by(col(Run.started_at).desc()).limit(RUNS_SHOWN)
    ).all()
