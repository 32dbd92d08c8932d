"""The desk's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, Request

from services.review.audit.audit import is_noted
from services.review.board import pages as board_pages
from services.review.bulk import pages as bulk_pages
from services.review.bulk import routes as bulk_routes
from services.review.calendar import pages as calendar_pages
from services.review.cases import routes as case_routes
from services.review.clock import measuring as clock_measuring
from services.review.clock import routes as clock_routes
from services.review.corrections import pages as correction_pages
from services.review.corrections import routes as correction_routes
from services.review.decisions import routes as decision_routes
from services.review.desk import pages as desk_pages
from services.review.desk import stage_pages
from services.review.desk.asked import pages as asked_pages
from services.review.documents import pages as document_pages
from services.review.documents import routes as document_routes
from services.review.edits import pages as edit_pages
from services.review.edits import routes as edit_routes
from services.review.files import routes as file_routes
from services.review.finding import pages as finding_pages
from services.review.finding import routes as finding_routes
from services.review.messages import pages as message_pages
from services.review.messages import routes as message_routes
from services.review.notes import pages as note_pages
from services.review.notes import routes as note_routes
from services.review.opinions import pages as opinion_pages
from services.review.opinions import routes as opinion_routes
from services.review.opinions.outside import pages as outside_pages
from services.review.settings import Settings
from services.review.staffing import pages as staffing_pages
from services.review.staffing import routes as staffing_routes
from services.review.stages import routes as stage_routes
from services.review.trail import pages as trail_pages
from services.review.trail import routes as trail_routes
from services.review.verification import pages as verification_pages
from services.review.verification import routes as verification_routes
from services.review.verification.verification import FILE_LIMIT
from services.review.wall import acts
from shared.buckets import Buckets
from shared.identity.callers import Caller
from shared.settings import load
from shared.storage import storage_at
from shared.web.app import service_app
from shared.web.callers import Transaction, identify
from shared.web.rates import Rate
from shared.web.uploads import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

# In this order, where two might answer the same address.
ROOMS = (
    finding_routes,
    bulk_routes,
    bulk_pages,
    case_routes,
    staffing_routes,
    clock_routes,
    correction_routes,
    decision_routes,
    stage_routes,
    document_routes,
    message_routes,
    finding_pages,
    file_routes,
    edit_routes,
    edit_pages,
    note_routes,
    note_pages,
    asked_pages,
    opinion_routes,
    opinion_pages,
    outside_pages,
    desk_pages,
    stage_pages,
    calendar_pages,
    board_pages,
    correction_pages,
    document_pages,
    message_pages,
    verification_routes,
    verification_pages,
    trail_routes,
    staffing_pages,
    trail_pages,
)
FORM_BYTES = 64 * 1024  # what a form has beside its file


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    settings = load(Settings)
    app = service_app(
        "review",
        "Madoguchi: the desk",
        settings,
        description="Cases of your groups, and their decisions. Send a key as `Authorization: Bearer …`.",
        body_limits={"/verify": FILE_LIMIT + FORM_BYTES},
        own_rates={"/verify": Rate(0, settings.verifications_per_address)},
        measures=[clock_measuring.measured],
    )
    app.state.storage = storage_at(settings.storage)
    app.state.uploads = Slots(settings.uploads_at_once)
    opinions, verifications = settings.opinions_per_address, settings.verifications_per_address
    app.state.opinion_buckets = Buckets(opinions) if opinions else None
    app.state.verification_buckets = Buckets(verifications) if verifications else None
    app.state.counted = counted
    for room in ROOMS:
        app.include_router(room.router, dependencies=[Depends(known), Depends(traced, scope="function")])
    return app


def known(request: Request, session: Transaction) -> None:
    """A dependency of every route: the database is told who acts, before anything is asked of it (services.review.wall)."""
    caller = identify(request)
    acts(session, caller or "")


def counted(request: Request, caller: Caller) -> dict[str, int]:
    """What the navigation of the desk counts."""
    return calendar_pages.counted(request, caller) | asked_pages.counted(request, caller)


def traced(request: Request, session: Transaction) -> Iterator[None]:
    """A dependency of every route: what names a case is not answered unless it leaves a trace, whoever forgot it."""
    yield
    if "case_id" in request.path_params and not is_noted(session):
        raise RuntimeError("this route sees or changes a case without a trace: see services.review.audit")
