"""The counter's FastAPI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends

from services.intake.applications import pages as application_pages
from services.intake.applications import routes as application_routes
from services.intake.catalogue import pages as catalogue_pages
from services.intake.catalogue import routes as catalogue_routes
from services.intake.catalogue.procedures import Catalogue
from services.intake.corrections import pages as correction_pages
from services.intake.corrections import routes as correction_routes
from services.intake.documents import pages as document_pages
from services.intake.documents import routes as document_routes
from services.intake.drafts import pages as draft_pages
from services.intake.drafts import routes as draft_routes
from services.intake.drafts import trial_pages
from services.intake.files import health
from services.intake.files import pages as file_pages
from services.intake.files import routes as file_routes
from services.intake.filing import bulk
from services.intake.filing import routes as filing_routes
from services.intake.filing.counter import Counter
from services.intake.lookups import routes as lookup_routes
from services.intake.lookups.lookups import Known
from services.intake.messages import pages as message_pages
from services.intake.messages import routes as message_routes
from services.intake.notices import pages as notice_pages
from services.intake.notices import routes as notice_routes
from services.intake.organisation import invitation_pages, mandate_pages, mandate_routes, registration_pages
from services.intake.organisation import pages as organisation_pages
from services.intake.organisation import routes as organisation_routes
from services.intake.overview import pages as overview_pages
from services.intake.settings import Settings
from shared.buckets import Buckets
from shared.database import connect_async
from shared.operation import measuring as operation_measuring
from shared.settings import load
from shared.storage import storage_at
from shared.web.app import service_app
from shared.web.callers import while_on
from shared.web.rates import Rate
from shared.web.uploads import Slots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

# In this order, where two might answer the same address.
ROOMS = (
    filing_routes,
    catalogue_routes,
    lookup_routes,
    draft_routes,
    draft_pages,
    trial_pages,
    file_routes,
    file_pages,
    application_routes,
    application_pages,
    correction_routes,
    correction_pages,
    document_routes,
    document_pages,
    message_routes,
    message_pages,
    notice_routes,
    notice_pages,
    mandate_routes,
    mandate_pages,
    organisation_routes,
    organisation_pages,
    invitation_pages,
    registration_pages,
    overview_pages,
    catalogue_pages,
)


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    settings = load(Settings)

    @asynccontextmanager
    async def counter_open(app: FastAPI) -> AsyncIterator[None]:
        engine = connect_async(settings.database_url, name="counter", pool=1)
        app.state.counter = Counter(engine, app.state.switches, most_waiting=settings.waiting_filings)
        app.state.counter.open()
        yield
        await app.state.counter.close()
        await engine.dispose()

    app = service_app(
        "intake",
        "Madoguchi: the counter",
        settings,
        description="Procedures, and an organisation's applications. Send a key as `Authorization: Bearer …`.",
        around=counter_open,
        body_limits={"/v1/applications/bulk": bulk.BYTES},
        own_rates={
            "/v1/applications": Rate(settings.filings_per_caller, 0),
            "/sign-in": Rate(settings.sign_ins_per_address, settings.sign_ins_per_address),
            "/register": Rate(settings.registrations_per_address, settings.registrations_per_address),
        },
        checks={"storage": health.storage, "scanner": health.scanner},
        measures=[operation_measuring.measured],
    )
    app.state.catalogue = Catalogue()
    app.state.lookups = Known(app.state.engine)
    rate = settings.lookups_per_address
    app.state.lookup_buckets = Buckets(rate) if rate else None
    app.state.storage = storage_at(settings.storage)
    app.state.uploads = Slots(settings.uploads_at_once)
    app.router.routes[:0] = filing_routes.hot_router.routes  # included, it would be wrapped anew, and come late
    app.state.counted = notice_pages.counted
    for room in ROOMS:
        closable = [Depends(while_on("registration"))] if room is registration_pages else []
        app.include_router(room.router, dependencies=closable)
    return app
