"""One address for everything: a request goes to the application that owns the first parts of its path.

The gateway of the containers is nginx, with the same map (deploy/paths.py, docs/adr/0019). This one costs a request one or two
look-ups in a dict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from deploy.paths import PATHS, SERVICES

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

DOCS = (Path(__file__).parent / "docs.html").read_bytes()
# As nginx has them (deploy/nginx/secure.conf).
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
)
HEALTH = ("ok", "degraded", "down")  # what a service says of itself, from best to worst
HEALTH_SECONDS = 5.0


def create_app() -> Gateway:
    """The gateway over the four services and the console, with their settings from the environment."""
    modules = {name: f"services.{name}.app" for name in SERVICES} | {"console": "deploy.console.app"}
    return Gateway({name: import_module(module).create_app() for name, module in modules.items()})


class Gateway:
    """An ASGI application made of others. Their lifespans run within its own."""

    def __init__(self, apps: Mapping[str, Any], paths: Mapping[str, str] = PATHS) -> None:
        """`apps` by name (Starlette or FastAPI); `paths` as PATHS."""
        self._apps: dict[str, Any] = dict(apps)
        self._routes: dict[str, App] = {path: self._apps[name] for path, name in paths.items() if name in self._apps}
        self._routes |= {"/docs": _docs, "/health/live": self._health, "/health/ready": self._health}
        self._routes |= {f"/metrics/{name}": app for name, app in self._apps.items()}  # nginx does not let them out
        self._root: App = self._routes["/"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its owner; run all lifespans when the server starts and stops."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self.owner(scope["path"])(scope, receive, send)

    def owner(self, path: str) -> App:
        """Who answers `path`: the longest claim in PATHS wins, and a claim covers whole parts of a path only."""
        first, _, rest = path[1:].partition("/")
        second = rest.partition("/")[0]
        return self._routes.get(f"/{first}/{second}") or self._routes.get(f"/{first}") or self._root

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        failed: Exception | None = None
        async with AsyncExitStack() as stack:
            try:
                for app in self._apps.values():
                    await stack.enter_async_context(app.router.lifespan_context(app))
            except Exception as error:  # noqa: BLE001 - whatever it is, those that opened are closed before it is raised
                failed = error
            else:
                await send({"type": "lifespan.startup.complete"})
                await receive()
        if failed:
            await send({"type": "lifespan.startup.failed", "message": f"{type(failed).__name__}: {failed}"})
            raise failed
        await send({"type": "lifespan.shutdown.complete"})

    async def _health(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Ask every service the same question, and tell the worst of their answers."""
        asked = await asyncio.gather(*(_ask(self._apps[name], scope) for name in SERVICES))
        told = {name: answer for name, (_, answer) in zip(SERVICES, asked, strict=True)}
        worst = max((answer["status"] for answer in told.values()), key=HEALTH.index)
        status = HTTPStatus.OK if all(code == HTTPStatus.OK for code, _ in asked) else HTTPStatus.SERVICE_UNAVAILABLE
        await _answer(send, status, b"application/json", orjson.dumps({"status": worst, "services": told}))


async def _ask(app: App, scope: Scope) -> tuple[int, Any]:
    """The status and the JSON object an application answers to the path of `scope`; an application that fails is down."""
    status, body = 500, bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body.extend(message.get("body", b""))

    try:
        await asyncio.wait_for(app({**scope, "method": "GET"}, receive, send), HEALTH_SECONDS)
        answer = orjson.loads(body)
    except (TimeoutError, ValueError) as error:
        return 503, {"status": "down", "cause": "no answer in time" if isinstance(error, TimeoutError) else "no JSON"}
    return status, answer if answer.get("status") in HEALTH else {**answer, "status": "down"}


async def _docs(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"].rstrip("/") != "/docs":
        problem = {"type": "about:blank", "title": "There is no such page", "status": 404, "detail": "See /docs."}
        await _answer(send, 404, b"application/problem+json", orjson.dumps(problem))
        return
    await _answer(send, 200, b"text/html; charset=utf-8", DOCS)


async def _answer(send: Send, status: int, media_type: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *_SAFE,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
