"""The counter's FastAPI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from services.intake import (
    application_pages,
    application_routes,
    attachment_pages,
    attachment_routes,
    bulk,
    correction_pages,
    correction_routes,
    document_pages,
    document_routes,
    draft_pages,
    draft_routes,
    filing_routes,
    health,
    invitation_pages,
    lookup_routes,
    mandate_pages,
    mandate_routes,
    message_pages,
    message_routes,
    notice_pages,
    notice_routes,
    organisation_pages,
    organisation_routes,
    pages,
    registration_pages,
    routes,
    trial_pages,
)
from services.intake.counter import Counter
from services.intake.lookups import Known
from services.intake.procedures import Catalogue
from services.intake.settings import Settings
from shared.database import connect_async
from shared.settings import load
from shared.storage import storage_at
from shared.web.app import service_app
from shared.web.rates import Buckets, Rate
from shared.web.uploads import Slots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    settings = load(Settings)

    @asynccontextmanager
    async def counter_open(app: FastAPI) -> AsyncIterator[None]:
        engine = connect_async(settings.database_url, name="counter", pool=1)
        app.state.counter = Counter(engine, most_waiting=settings.waiting_filings)
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
            "/register": Rate(settings.registrations_per_address, settings.registrations_per_address),
        },
        checks={"storage": health.storage, "scanner": health.scanner},
    )
    app.state.catalogue = Catalogue()
    app.state.lookups = Known(app.state.engine)
    rate = settings.lookups_per_address
    app.state.lookup_buckets = Buckets(rate) if rate else None
    app.state.storage = storage_at(settings.storage)
    app.state.uploads = Slots(settings.uploads_at_once)
    app.router.routes[:0] = routes.hot_router.routes  # included, it would be wrapped anew, and come late
    app.include_router(filing_routes.router)
    app.include_router(routes.router)
    app.include_router(draft_routes.router)
    app.include_router(lookup_routes.router)
    app.include_router(draft_pages.router)
    app.include_router(trial_pages.router)
    app.include_router(attachment_routes.router)
    app.include_router(attachment_pages.router)
    app.include_router(application_routes.router)
    app.include_router(correction_routes.router)
    app.include_router(application_pages.router)
    app.include_router(correction_pages.router)
    app.include_router(document_routes.router)
    app.include_router(document_pages.router)
    app.include_router(message_routes.router)
    app.include_router(message_pages.router)
    app.include_router(notice_routes.router)
    app.include_router(notice_pages.router)
    app.state.counted = notice_pages.counted
    app.include_router(mandate_routes.router)
    app.include_router(mandate_pages.router)
    app.include_router(organisation_routes.router)
    app.include_router(organisation_pages.router)
    app.include_router(invitation_pages.router)
    app.include_router(registration_pages.router)
    app.include_router(pages.router)
    return app
