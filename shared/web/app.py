"""The frame of every service's FastAPI application: problems, health, limits, traces and security headers."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared import problems
from shared.bus.bell import bell_of
from shared.bus.publish import ring_with
from shared.database import connect
from shared.i18n import Language, message, negotiate, translate
from shared.identity.callers import Callers
from shared.operation.switches import Switches
from shared.problems import Problem
from shared.telemetry import current_traceparent, tracer_of
from shared.telemetry.measuring import Measure
from shared.validation import request_errors
from shared.web.docs import add_docs
from shared.web.health import Check, add_health
from shared.web.metrics import Requests, add_metrics
from shared.web.pages import install_pages, prefers_html, problem_page
from shared.web.rates import Rate, RateLimit
from shared.web.responses import OrjsonResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.settings import ServiceSettings

log = logging.getLogger(__name__)

# The largest body of any request but an upload's, in bytes.
BODY_LIMIT = 1024 * 1024
_LIMIT = "madoguchi.body-limit"

_CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
]
# What says nothing of caches may be somebody's own: JSON that a cookie opened lies in no browser after the sign-out.
_SAID_OF_ALL = (*_SECURITY_HEADERS, (b"cache-control", b"no-store"))


Around = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def service_app(
    service: str,
    title: str,
    settings: ServiceSettings,
    *,
    description: str = "",
    around: Around | None = None,
    body_limits: Mapping[str, int] | None = None,
    own_rates: Mapping[str, Rate] | None = None,
    checks: Mapping[str, Check] | None = None,
    measures: Iterable[Measure] = (),
) -> FastAPI:
    """A FastAPI application with its own database role, bell, error handling, health and documentation page.

    `around` is what the service itself opens before the first request and closes after the last. `body_limits` are the paths
    that take larger bodies than BODY_LIMIT, in bytes; `own_rates` those that the common limits of rate do not hold for;
    `checks` are further parts whose health is told: each says whether it is `ok`; `measures` what Prometheus
    is told beside requests and the bus.
    """
    engine = connect(settings.database_url, name=service, pool=settings.database_pool)
    bell = bell_of(settings.broker_url.get_secret_value())
    ring_with(bell)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with around(app) if around else nullcontext():
            gc.freeze()  # what is loaded by now stays; looking through it again and again costs 70 ms each time
            yield
        bell.close()
        engine.dispose()

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/docs/{service}/openapi.json",
    )
    app.state.service = service
    app.state.engine = engine
    app.state.bell = bell
    app.state.settings = settings
    app.state.callers = Callers()
    app.state.switches = Switches(engine)
    common = Rate(settings.posts_per_caller, settings.posts_per_address)
    app.add_middleware(RateLimit, rate=common, paths=own_rates or {}, refuse=problem_response)
    requests = Requests(service)
    app.add_middleware(Frame, service=service, requests=requests, body_limits=body_limits or {})
    install_errors(app, requests)
    install_pages(app)
    add_docs(app)
    add_health(app, checks or {})
    add_metrics(app, requests, measures)
    return app


class Frame:
    """Around every request: a trace begins or goes on, bodies are limited, security headers are set, its time is taken.

    Plain ASGI, for speed.
    """

    def __init__(self, app: Any, service: str, requests: Requests, body_limits: Mapping[str, int]) -> None:
        self.app = app
        self._tracer = tracer_of(service)
        self._requests = requests
        self._body_limits = body_limits

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        span = self._tracer.begin(scope["method"], headers.get(b"traceparent", b"").decode("latin-1"), kind="server")
        span.follow()
        begun, status = time.perf_counter(), 500
        limit = _Limit(receive, self._body_limits.get(scope["path"], BODY_LIMIT))
        scope[_LIMIT] = limit

        async def send_framed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _ in message["headers"]}
                added = [(name, value) for name, value in _SAID_OF_ALL if name not in present]
                message["headers"] = [*message["headers"], *added, (b"traceparent", span.traceparent.encode())]
            await send(message)

        try:
            await self.app(scope, limit.receive, send_framed)
        finally:
            route = getattr(scope.get("route"), "path", "")
            self._requests.observe(scope["method"], route, status, time.perf_counter() - begun)
            told = {"http.request.method": scope["method"], "http.route": route, "http.response.status_code": status}
            span.end(
                name=f"{scope['method']} {route}",
                attributes=told,
                error="500" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
            )


def allow_body(request: Request, limit: int) -> None:
    """From a route that reads its body piece by piece: take so many bytes from this caller, instead of BODY_LIMIT."""
    request.scope[_LIMIT].limit = limit


class _Limit:
    """Counts a body's bytes as they come, whatever Content-Length says. (FastAPI's own limit answers with plain text.)"""

    def __init__(self, receive: Any, limit: int) -> None:
        self._receive = receive
        self.limit = limit
        self._seen = 0

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self.limit:
                raise problems.TooLarge("Send at most {limit} bytes", limit=self.limit)
        return message


def problem_response(request: Request, problem: Problem) -> Response:
    """A problem as RFC 9457's application/problem+json, or as a page for who prefers HTML, in the caller's language."""
    if prefers_html(request.headers.get("accept")):
        return _with_hints(problem_page(request, problem), problem)
    language = negotiate(request.headers.get("accept-language"))
    headers = {"content-language": language, "cache-control": "no-store", "vary": "accept, accept-language"}
    body = problem_body(problem, language)
    return _with_hints(OrjsonResponse(body, problem.status, headers, media_type="application/problem+json"), problem)


def problem_body(problem: Problem, language: Language) -> dict[str, Any]:
    """A problem as RFC 9457's JSON."""
    body: dict[str, Any] = {
        "type": f"urn:madoguchi:problem:{problem.name}",
        "title": translate(problem.title, language),
        "status": problem.status,
    }
    if problem.detail:
        body["detail"] = translate(problem.detail, language, **problem.values)
    if problem.errors:
        body["errors"] = [
            {"pointer": error.pointer, "detail": translate(error.detail, language, **error.values)} for error in problem.errors
        ]
    return body


def _with_hints(response: Response, problem: Problem) -> Response:
    """What HTTP clients do about some problems by themselves."""
    if problem.retry_after is not None:
        response.headers["retry-after"] = str(problem.retry_after)
    if problem.status == problems.Unauthorised.status:
        response.headers["www-authenticate"] = "Bearer"
    return response


def install_errors(app: FastAPI, requests: Requests) -> None:
    """Turn every failure into a problem; what nobody foresaw is logged and answered with 500 without a detail."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        return problem_response(request, problem)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        if any(e["type"] == "json_invalid" for e in error.errors()):
            return problem_response(request, problems.Malformed("The body is not JSON"))
        return problem_response(request, problems.Invalid("See the list of errors", errors=request_errors(error.errors())))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        response = problem_response(request, _problem_of(error))
        response.headers.update(error.headers or {})
        return response

    async def on_database_away(request: Request, error: Exception) -> Response:
        log.error("the database does not answer", extra={"context": {"cause": type(error).__name__}})
        return problem_response(request, problems.Unavailable("Nothing was accepted; try again shortly", retry_after=5))

    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(away, on_database_away)

    @app.exception_handler(Exception)
    async def on_surprise(request: Request, error: Exception) -> Response:
        requests.failed()
        log.error(
            "unforeseen error", exc_info=error, extra={"context": {"route": getattr(request.scope.get("route"), "path", "")}}
        )
        response = problem_response(request, Problem("Tell the operator the trace id of this answer"))
        # This answer is given outside the frame.
        response.headers.update({name.decode(): value.decode() for name, value in _SECURITY_HEADERS})
        response.headers["traceparent"] = current_traceparent() or tracer_of(app.state.service).begin("error").traceparent
        return response


def _problem_of(error: HTTPException) -> Problem:
    """The problem behind one of Starlette's or FastAPI's own answers."""
    if isinstance(error.__cause__, Problem):  # FastAPI calls whatever happens while it reads a body a bad request
        return error.__cause__
    for known in (problems.NotFound, problems.Malformed, problems.TooLarge):
        if known.status == error.status_code:
            return known()
    return _OtherStatus.of(error)


_TITLES = {405: message("This address does not take this method")}


class _OtherStatus(Problem):
    """Starlette's own answers, such as 405."""

    @classmethod
    def of(cls, error: HTTPException) -> Problem:
        name = f"http-{error.status_code}"
        title = _TITLES.get(error.status_code) or error.detail or name
        made = type("HttpProblem", (cls,), {"status": error.status_code, "name": name, "title": title})
        problem: Problem = made()
        return problem
