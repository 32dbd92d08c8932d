"""The post's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends

from services.notify.clients import pages as client_pages
from services.notify.clients import routes as client_routes
from services.notify.clients.writing import pages as client_template_pages
from services.notify.editing import pages as editing_pages
from services.notify.editing import routes as editing_routes
from services.notify.inbox import pages as inbox_pages
from services.notify.inbox import routes as inbox_routes
from services.notify.messages import measuring
from services.notify.messages import routes as message_routes
from services.notify.operating import pages as operating_pages
from services.notify.operating.overview import pages as overview_pages
from services.notify.operating.overview.alarms import health
from services.notify.operating.suppressions import pages as suppression_pages
from services.notify.printing import routes as printing_routes
from services.notify.receipts import routes as receipt_routes
from services.notify.recipients import pages as preference_pages
from services.notify.recipients import routes as preference_routes
from services.notify.settings import Settings
from services.notify.webhooks import pages as webhook_pages
from services.notify.webhooks import routes as webhook_routes
from services.notify.wording.rendering import Wordings
from shared.settings import load
from shared.web.app import service_app
from shared.web.callers import while_on

if TYPE_CHECKING:
    from fastapi import FastAPI

# In this order, where two might answer the same address.
ROOMS = (
    message_routes,
    editing_routes,
    editing_pages,
    client_routes,
    client_pages,
    client_template_pages,
    webhook_routes,
    webhook_pages,
    printing_routes,
    receipt_routes,
    preference_routes,
    preference_pages,
    inbox_routes,
    inbox_pages,
    operating_pages,
    overview_pages,
    suppression_pages,
)
# What can be switched off (shared.operation.switches).
CLOSABLE = {client_routes: "clients", webhook_routes: "webhooks", webhook_pages: "webhooks"}


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
    app.state.wordings = Wordings(app.state.engine, app.state.settings)
    for room in ROOMS:
        closable = [Depends(while_on(CLOSABLE[room]))] if room in CLOSABLE else []
        app.include_router(room.router, dependencies=closable)
    return app
