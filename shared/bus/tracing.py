"""Spans of deliveries: what a handler does with an event continues the trace that the event came with."""

from __future__ import annotations

from shared.events import Event
from shared.telemetry import Span, tracer_of


def traced(service: str, subscriber: str, events: list[Event]) -> tuple[list[Span], list[Event]]:
    """A span for each event where spans are sent to a collector, and the events as part of them; else no spans."""
    tracer = tracer_of(service)
    if not tracer.exports:
        return [], events
    spans = [
        tracer.begin(
            f"{subscriber} {event.type}",
            event.traceparent,
            kind="consumer",
            attributes={"messaging.message.id": str(event.id), "madoguchi.subject": event.subject},
        )
        for event in events
    ]
    return spans, [event.model_copy(update={"traceparent": span.traceparent}) for event, span in zip(events, spans, strict=True)]
