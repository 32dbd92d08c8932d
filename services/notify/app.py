"""The post's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notify.clients import pages as client_pages
from services.notify.clients import routes as client_routes
from services.notify.messages import measuring
from services.notify.messages import routes as message_routes
from services.notify.operating import pages as operating_pages
from services.notify.operating.overview import pages as overview_pages
from services.notify.operating.overview.alarms import health
from services.notify.operating.suppressions import pages as suppression_pages
from services.notify.printing import routes as printing_routes
from services.notify.receipts import routes as receipt_routes
from services.notify.settings import Settings
from services.notify.webhooks import routes as webhook_routes
from shared.settings import load
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI

# In this order, where two might answer the same address.
ROOMS = (
    message_routes,
    client_routes,
    client_pages,
    webhook_routes,
    printing_routes,
    receipt_routes,
    operating_pages,
    overview_pages,
    suppression_pages,
)


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    app = service_app(
        "notify",
        "Madoguchi: the post",
        load(Settings),
        checks={"messages": health},
        description="Messages and their states, for operators; webhooks, for owners.",
        measures=[measuring.measured],
    )
    for room in ROOMS:
        app.include_router(room.router)
    return app
