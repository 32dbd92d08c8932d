"""The console's FastAPI application. It has no deliveries and no tables of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.console import (
    audit_pages,
    deadletter_pages,
    key_pages,
    overview_pages,
    people_pages,
    queue_pages,
    retention_pages,
    runbook_pages,
    schedule_pages,
    switch_pages,
)
from deploy.console.settings import Settings
from shared.settings import load
from shared.web.app import service_app

if TYPE_CHECKING:
    from fastapi import FastAPI

# A room adds its line here, and one in templates/console.html.
ROOMS = (
    overview_pages,
    queue_pages,
    deadletter_pages,
    schedule_pages,
    retention_pages,
    people_pages,
    key_pages,
    switch_pages,
    audit_pages,
    runbook_pages,
)


def create_app() -> FastAPI:
    """The application, with its settings from the environment."""
    app = service_app("console", "Madoguchi: the console", load(Settings), description="Pages for operators; it has no API.")
    for room in ROOMS:
        app.include_router(room.router)
    return app
