"""The trace that runs through HTTP, the bus and the post (W3C Trace Context).

Every request and delivery has a span, whose `traceparent` travels in events and messages. Where the environment names a collector
(OTEL_EXPORTER_OTLP_ENDPOINT, and the other variables of OpenTelemetry) and the extra `telemetry` is installed, spans are sent to
it by OTLP; otherwise a span is a few random digits.
"""

from __future__ import annotations

import contextvars
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
Kind = Literal["server", "consumer", "client", "internal"]
Attributes = Mapping[str, str | int | float | bool]

_TRACEPARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$")
_current: contextvars.ContextVar[str | None] = contextvars.ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """The span this code runs in, or None."""
    return _current.get()


class Span:
    """A piece of work in a trace, from its making to its end. Attributes hold no personal data."""

    __slots__ = ("_otel", "traceparent")

    def __init__(self, traceparent: str, otel: Any = None) -> None:
        self.traceparent = traceparent
        self._otel = otel

    def follow(self) -> None:
        """From here on, this code and what it calls run in this span."""
        _current.set(self.traceparent)

    def end(self, *, name: str = "", attributes: Attributes | None = None, error: str = "", at: float | None = None) -> None:
        """The work is done: at this moment, or `at` a time of the clock (seconds since the epoch)."""
        if self._otel is None:
            return
        if name:
            self._otel.update_name(name)
        if attributes:
            self._otel.set_attributes(attributes)
        if error:
            from opentelemetry.trace import Status, StatusCode

            self._otel.set_status(Status(StatusCode.ERROR, error))
        self._otel.end(None if at is None else int(at * 1e9))


class Tracer:
    """Makes the spans of one service. It looks for its collector at the first span: a process may fork before that."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._otel: Any = None
        self._looked = False

    @property
    def exports(self) -> bool:
        """Whether spans are sent to a collector."""
        if not self._looked:
            self._otel, self._looked = _exporting(self._service), True
        return self._otel is not None

    def begin(
        self,
        name: str,
        parent: str | None = None,
        *,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        at: float | None = None,
    ) -> Span:
        """A span that continues `parent`, or begins a trace where that is missing or malformed."""
        known = _TRACEPARENT.match(parent) if parent else None
        if self.exports:
            return self._exported(name, known, kind, attributes, at)
        return Span(f"00-{known[1] if known else secrets.token_hex(16)}-{secrets.token_hex(8)}-01")

    @contextmanager
    def span(self, name: str, parent: str | None = None, *, kind: Kind = "internal") -> Iterator[Span]:
        """A span around the code inside; what leaves it by an exception is marked with its kind."""
        made = self.begin(name, parent, kind=kind)
        token = _current.set(made.traceparent)
        try:
            yield made
        except BaseException as error:
            made.end(error=type(error).__name__)
            raise
        else:
            made.end()
        finally:
            _current.reset(token)

    def _exported(
        self, name: str, known: re.Match[str] | None, kind: Kind, attributes: Attributes | None, at: float | None
    ) -> Span:
        from opentelemetry import trace

        context = None
        if known:
            flags = trace.TraceFlags(int(known[3], 16))
            before = trace.SpanContext(int(known[1], 16), int(known[2], 16), is_remote=True, trace_flags=flags)
            context = trace.set_span_in_context(trace.NonRecordingSpan(before))
        kinds = {
            "server": trace.SpanKind.SERVER,
            "consumer": trace.SpanKind.CONSUMER,
            "client": trace.SpanKind.CLIENT,
            "internal": trace.SpanKind.INTERNAL,
        }
        begun = None if at is None else int(at * 1e9)
        otel = self._otel.start_span(name, context, kinds[kind], attributes, start_time=begun)
        is_in = otel.get_span_context()
        return Span(f"00-{is_in.trace_id:032x}-{is_in.span_id:016x}-{is_in.trace_flags:02x}", otel)


@cache
def tracer_of(service: str) -> Tracer:
    """The tracer of a service."""
    return Tracer(service)


def _exporting(service: str) -> Any:
    """OpenTelemetry's tracer, or None where no collector is named."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"madoguchi-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("madoguchi")
