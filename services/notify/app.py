"""The post's FastAPI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.notify import routes
from services.notify.settings import Settings
from shared.settings import load
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    app = service_app("notify", "Madoguchi: the post", load(Settings), description="Messages and their states, for operators.")
    app.include_router(routes.router)
    return app
