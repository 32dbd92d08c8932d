"""The post's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notify.clients import routes as client_routes
from services.notify.messages import measuring
from services.notify.messages import routes as message_routes
from services.notify.settings import Settings
from shared.settings import load
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI

# In this order, where two might answer the same address.
ROOMS = (message_routes, client_routes)


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    app = service_app(
        "notify",
        "Madoguchi: the post",
        load(Settings),
        description="Messages and their states, for operators.",
        measures=[measuring.measured],
    )
    for room in ROOMS:
        app.include_router(room.router)
    return app
