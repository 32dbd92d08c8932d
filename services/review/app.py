"""The desk's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.review import correction_pages, correction_routes, document_pages, message_pages, message_routes, pages, routes
from services.review.settings import Settings
from shared.settings import load
from shared.storage import storage_at
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    settings = load(Settings)
    app = service_app(
        "review",
        "Madoguchi: the desk",
        settings,
        description="Cases of your groups, and their decisions. Send a key as `Authorization: Bearer …`.",
    )
    app.state.storage = storage_at(settings.storage)
    app.include_router(routes.router)
    app.include_router(correction_routes.router)
    app.include_router(pages.router)
    app.include_router(correction_pages.router)
    app.include_router(document_pages.router)
    app.include_router(message_routes.router)
    app.include_router(message_pages.router)
    return app
