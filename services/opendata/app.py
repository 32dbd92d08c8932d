"""The shop window's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.opendata import pages, routes
from services.opendata.settings import Settings
from shared.settings import load
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    app = service_app("opendata", "Madoguchi: the shop window", load(Settings), description="Open data. No key is needed.")
    app.include_router(routes.router)
    app.include_router(pages.router)
    return app
