"""`python -m deploy.wakings`: what beat wakes in all services, as JSON, for the image of beat (shared/bus/beat.py)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import orjson

from deploy.paths import SERVICES


def wakings() -> dict[str, Any]:
    """Celery's beat_schedule of all services together. Their settings have to be in the environment."""
    found: dict[str, Any] = {}
    for service in SERVICES:
        found |= import_module(f"services.{service}.tasks").app.conf.beat_schedule
    return found


if __name__ == "__main__":
    print(orjson.dumps(wakings(), option=orjson.OPT_INDENT_2).decode())
