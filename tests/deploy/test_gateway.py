"""One address: the first parts of a path decide who answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.gateway import Gateway
from deploy.one.ports import free_ports
from deploy.paths import PATHS, SERVICES


def service(name: str, status: str = "ok", opened: list[str] | None = None) -> Starlette:
    """An application that answers everything with its name, and is in the list `opened` while it is open."""
    opened = [] if opened is None else opened

    async def whoever(request: Request) -> Response:
        body = (await request.body()).decode()
        return PlainTextResponse(f"{name} {request.scope['path']} {body}".rstrip())

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": status}, 503 if status == "down" else 200)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        opened.append(name)
        yield  # not in a try: closing must be orderly even when a neighbour can't open
        opened.remove(name)

    routes = [
        Route("/health/ready", health),
        Route("/health/live", health),
        Route("/{path:path}", whoever, methods=["GET", "POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


@contextmanager
def gateway(**apps: Any) -> Iterator[int]:
    """The gateway behind a real server; its port."""
    (port,) = free_ports(1)
    app = Gateway({name: service(name) for name in (*SERVICES, "console")} | apps)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="on"))

    def run() -> None:
        with suppress(SystemExit):  # what uvicorn raises when an application can't open
            server.run()

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield port if server.started else 0
    finally:
        server.should_exit = True
        thread.join()


def get(port: int, path: str, method: str = "GET", body: str | None = None) -> tuple[int, str, str]:
    """Status, media type and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["content-type"], text


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with gateway() as started:
        yield started


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/", "intake"),
        ("/v1/procedures", "intake"),
        ("/v1/procedures/koen-meigi", "intake"),
        ("/v1/applications/0199", "intake"),
        ("/sign-in/0199/secret", "intake"),
        ("/v1/cases", "review"),
        ("/v1/cases/0199/decision", "review"),
        ("/desk", "review"),
        ("/v1/documents", "review"),
        ("/verify", "review"),
        ("/verify/0123-4567-89AB-CDEF", "review"),
        ("/v1/verifications/0123-4567-89AB-CDEF", "review"),
        ("/desk/cases/0199", "review"),
        ("/v1/messages", "notify"),
        ("/v1/webhooks/x", "notify"),
        ("/notify/settings", "notify"),
        ("/v1/corporations/5010401067252", "opendata"),
        ("/v1/statistics/procedures", "opendata"),
        ("/hojin/v2/hojin", "opendata"),
        ("/data", "opendata"),
        ("/docs/review", "review"),
        ("/console/dead-letters/0199", "console"),
        ("/docs/review/openapi.json", "review"),
        # A claim covers whole parts of a path only; what nobody claims is the counter's.
        ("/v1/casesque", "intake"),
        ("/desktop", "intake"),
        ("/v1", "intake"),
        ("/v1/", "intake"),
        ("//desk", "intake"),
        ("/no/such/page", "intake"),
    ],
)
def test_a_path_has_one_owner(port: int, path: str, owner: str) -> None:
    assert get(port, path)[2] == f"{owner} {path}"


def test_every_service_is_opened_and_closed_with_the_gateway() -> None:
    opened: list[str] = []
    with gateway(**{name: service(name, opened=opened) for name in SERVICES}):
        assert opened == list(SERVICES)
    assert opened == []


def test_what_cannot_open_stops_the_start_and_closes_the_others() -> None:
    @asynccontextmanager
    async def broken(_app: Starlette) -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    opened: list[str] = []
    others = {name: service(name, opened=opened) for name in ("intake", "review")}
    with gateway(**others, notify=Starlette(lifespan=broken)) as started:
        assert not started
    assert opened == []


@pytest.mark.parametrize(("worst", "status"), [("ok", 200), ("degraded", 200), ("down", 503)])
def test_health_is_the_worst_of_the_services(worst: str, status: int) -> None:
    with gateway(notify=service("notify", worst)) as started:
        code, _, text = get(started, "/health/ready")
    told = json.loads(text)
    assert (code, told["status"]) == (status, worst)
    assert told["services"]["notify"] == {"status": worst}
    assert told["services"]["intake"] == {"status": "ok"}


def test_a_service_without_health_is_down() -> None:
    with gateway(review=Starlette()) as started:
        code, _, text = get(started, "/health/live")
    assert code == 503
    assert json.loads(text)["services"]["review"]["status"] == "down"


def test_the_page_of_the_docs_leads_to_each_service(port: int) -> None:
    status, media_type, page = get(port, "/docs")
    assert (status, media_type) == (200, "text/html; charset=utf-8")
    for name in SERVICES:
        assert f'href="/docs/{name}"' in page
        assert PATHS[f"/docs/{name}"] == name
    status, media_type, _ = get(port, "/docs/none")
    assert (status, media_type) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/docs", "/docs/none", "/health/live"])
def test_what_the_gateway_says_itself_has_the_headers_of_every_page(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_request_keeps_its_method_and_body(port: int) -> None:
    assert get(port, "/v1/cases/1/decision", "POST", "the reasons")[2] == "review /v1/cases/1/decision the reasons"
