"""The health of a service: whether it lives, and whether it is ready, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Response
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.bus.sweep import LATE, oldest_waiting
from shared.database import Session
from shared.web.responses import OrjsonResponse

# The health of a part: `ok`, and what there is to say of it.
Check = Callable[[FastAPI], dict[str, Any]]


def add_health(app: FastAPI, checks: Mapping[str, Check]) -> None:
    """The two routes under /health."""

    @app.get("/health/live", include_in_schema=False)
    async def live() -> Response:
        return OrjsonResponse({"status": "ok"})

    @app.get("/health/ready", include_in_schema=False)
    def ready() -> Response:
        parts = {"database": _check_database(app), "broker": _check_broker(app)}
        age = parts["database"].pop("oldest_waiting_delivery_s", None)
        parts["deliveries"] = {"ok": age is not None and age < LATE, "oldest_waiting_s": age}
        parts |= {name: check(app) for name, check in checks.items()}
        # The broker and late deliveries do not make the service unready: it accepts, and the work is done later.
        ok = parts["database"]["ok"]
        status = "ok" if all(part["ok"] for part in parts.values()) else "degraded" if ok else "down"
        body = {"status": status, "service": app.state.service, "parts": parts}
        return OrjsonResponse(body, 200 if ok else 503, {"cache-control": "no-store"})


def _check_database(app: FastAPI) -> dict[str, Any]:
    try:
        with Session(app.state.engine) as session:
            session.execute(text("select 1"))
            return {"ok": True, "oldest_waiting_delivery_s": round(oldest_waiting(session, app.state.service), 1)}
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        return {"ok": False, "cause": type(error).__name__}


def _check_broker(app: FastAPI) -> dict[str, Any]:
    return {"ok": app.state.bell.answers()}
