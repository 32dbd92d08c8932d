"""The frame of every service's FastAPI application: problems, health, limits, traces and security headers."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from shared import problems
from shared.bus.bell import bell_of
from shared.bus.publish import ring_with
from shared.bus.sweep import oldest_waiting
from shared.database import Session, connect
from shared.i18n import Language, message, negotiate, translate
from shared.identity.callers import Callers
from shared.problems import Problem
from shared.telemetry import begin_trace, current_traceparent
from shared.validation import request_errors
from shared.web.docs import add_docs
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
# A delivery that waits longer than this, in seconds, means that the service's workers do not keep up, or are gone.
LATE = 60.0

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


# The health of a part: `ok`, and what there is to say of it.
Check = Callable[[FastAPI], dict[str, Any]]
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
) -> FastAPI:
    """A FastAPI application with its own database role, bell, error handling, health and documentation page.

    `around` is what the service itself opens before the first request and closes after the last. `body_limits` are the paths
    that take larger bodies than BODY_LIMIT, in bytes; `own_rates` those that the common limits of rate do not hold for;
    `checks` are further parts whose health is told: each says whether it is `ok`.
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
    common = Rate(settings.posts_per_caller, settings.posts_per_address)
    app.add_middleware(RateLimit, rate=common, paths=own_rates or {}, refuse=problem_response)
    app.add_middleware(Frame, body_limits=body_limits or {})
    install_errors(app)
    install_pages(app)
    add_docs(app)
    _add_health(app, checks or {})
    return app


class Frame:
    """Around every request: a trace begins or goes on, bodies are limited, security headers are set. Plain ASGI, for speed."""

    def __init__(self, app: Any, body_limits: Mapping[str, int]) -> None:
        self.app = app
        self._body_limits = body_limits

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        trace = begin_trace(headers.get(b"traceparent", b"").decode("latin-1") or None)
        limit = _Limit(receive, self._body_limits.get(scope["path"], BODY_LIMIT))
        scope[_LIMIT] = limit

        async def send_framed(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                added = [(name, value) for name, value in _SECURITY_HEADERS if name not in present]
                message["headers"] = [*message["headers"], *added, (b"traceparent", trace.encode())]
            await send(message)

        await self.app(scope, limit.receive, send_framed)


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


def install_errors(app: FastAPI) -> None:
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
        log.error("unforeseen error", exc_info=error, extra={"context": {"path": request.scope["path"]}})
        response = problem_response(request, Problem("Tell the operator the trace id of this answer"))
        # This answer is given outside the frame.
        response.headers.update({name.decode(): value.decode() for name, value in _SECURITY_HEADERS})
        response.headers["traceparent"] = current_traceparent() or begin_trace()
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


def _add_health(app: FastAPI, checks: Mapping[str, Check]) -> None:
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
