"""Measurements for Prometheus: requests of this process, and what the database says of a service, at /metrics/<service>.

They are for whoever has MADOGUCHI_METRICS_TOKEN, sent as a bearer token; without that setting there is nothing at this address.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from sqlmodel import Session

from shared.bus.measuring import measured as measured_bus
from shared.problems import NotFound, Unauthorised
from shared.telemetry.measuring import Measure, Measured
from shared.web.callers import bearer

if TYPE_CHECKING:
    from shared.settings import ServiceSettings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds; the accept path takes some ms, an export is a job.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WATCHING = ("/metrics/", "/health/")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Requests:
    """Counts and times the requests of one service's process, by route: never by path, which names applications."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._service = service
        self._seconds = Histogram(
            "madoguchi_http_request_seconds",
            "Time until the answer was sent, in seconds",
            ("service", "method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # From 0 on, so that Prometheus sees the first one too: to `rate`, a series that begins with 1 never rose.
        self._unforeseen = Counter(
            "madoguchi_unforeseen_errors_total", "Requests that failed as nobody foresaw", ("service",), registry=self.registry
        ).labels(service)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered. What asks whether all is well, several times a minute, says nothing of how people fare."""
        if route.startswith(_WATCHING):
            return
        named = method if method in _METHODS else "other"
        self._seconds.labels(self._service, named, route or "none", str(status)).observe(seconds)

    def failed(self) -> None:
        """One request failed as nobody foresaw."""
        self._unforeseen.inc()


def add_metrics(app: FastAPI, requests: Requests, measures: Iterable[Measure]) -> None:
    """The route that Prometheus asks."""
    service, settings = app.state.service, app.state.settings
    asked: tuple[Measure, ...] = (partial(measured_bus, service=service), *measures)

    @app.get(f"/metrics/{service}", include_in_schema=False)
    def metrics(request: Request) -> Response:
        _let_in(request, settings)
        with Session(app.state.engine) as session:
            gauges = _gauges(one for measure in asked for one in measure(session))
        return Response(generate_latest(requests.registry) + generate_latest(gauges), media_type=CONTENT_TYPE)


def _let_in(request: Request, settings: ServiceSettings) -> None:
    token = settings.metrics_token.get_secret_value()
    if not token:
        raise NotFound
    if not hmac.compare_digest((bearer(request) or "").encode(), token.encode()):
        raise Unauthorised("Send MADOGUCHI_METRICS_TOKEN as `Authorization: Bearer …`")


def _gauges(found: Iterable[Measured]) -> CollectorRegistry:
    registry = CollectorRegistry()
    made: dict[str, Gauge] = {}
    for one in found:
        if one.name not in made:
            made[one.name] = Gauge(one.name, one.means, tuple(one.labels), registry=registry)
        gauge = made[one.name]
        (gauge.labels(**one.labels) if one.labels else gauge).set(one.value)
    return registry
