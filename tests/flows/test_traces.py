"""One trace from the filing to the mail server, as a collector is told of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.one.ports import LOOPBACK
from shared.telemetry import tracer_of
from shared.telemetry.traces import Tracer
from tests.notify.parts import send
from tests.notify.smtp import moody_server
from tests.site import DENKI, Site, bearer, example

SERVICES = ("intake", "review", "notify", "opendata")
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the services of this process export."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for service in SERVICES:
        monkeypatch.setattr(tracer_of(service), "_otel", provider.get_tracer(service))
        monkeypatch.setattr(tracer_of(service), "_looked", True)
    return exporter


def test_one_trace_leads_from_the_filing_to_the_mail_server(
    clean: Site, counter: TestClient, spans: InMemorySpanExporter
) -> None:
    key = clean.an_applicant()
    clean.a_reviewer("kinki", email="official@example.go.jp")
    headers = {**bearer(key), "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    assert counter.post("/v1/applications", json=example(DENKI), headers=headers).status_code == 202
    clean.deliver_all()
    with moody_server() as (url, moody):
        assert send(url) == len(moody.taken) > 0
    found = [span for span in spans.get_finished_spans() if span.context and f"{span.context.trace_id:032x}" == TRACE]
    names = [span.name for span in found]
    assert names[0] == "POST /v1/applications"
    assert {
        "intake.check_format application.filed.v1",
        "review.open_case application.arrived.v1",
        "notify.tell application.arrived.v1",
        "notify.send email",
    } <= set(names)
    # each but the first continues another one of the same trace
    ids = {span.context.span_id for span in found if span.context}
    assert [span.name for span in found if span.parent is None or span.parent.span_id not in ids] == ["POST /v1/applications"]
    told = str([dict(span.attributes or {}) for span in found])
    assert "example.com" not in told
    assert "窓口" not in told


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A collector of OpenTelemetry's: its address, and what it was sent."""
    taken: list[ExportTraceServiceRequest] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            taken.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer((LOOPBACK, 0), Taking) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}", taken
        server.shutdown()


def test_spans_are_sent_to_the_collector_that_the_environment_names(
    collector: tuple[str, list[ExportTraceServiceRequest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, taken = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    tracer = Tracer("review")
    with tracer.span("a decision", f"00-{TRACE}-b7ad6b7169203331-01", kind="server") as span:
        assert span.traceparent.split("-")[1] == TRACE
    assert tracer.exports
    tracer._otel.span_processor.force_flush()
    (request,) = taken
    (resource,) = request.resource_spans
    assert [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"] == ["madoguchi-review"]
    (sent,) = resource.scope_spans[0].spans
    assert (sent.name, sent.trace_id.hex(), sent.parent_span_id.hex()) == ("a decision", TRACE, "b7ad6b7169203331")


def test_without_a_collector_a_trace_still_goes_on_and_a_malformed_one_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    tracer = Tracer("review")
    assert tracer.begin("a", f"00-{TRACE}-b7ad6b7169203331-01").traceparent.split("-")[1] == TRACE
    for malformed in ("", "00-xyz", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01"):
        assert tracer.begin("a", malformed).traceparent.split("-")[1] not in {TRACE, "0" * 32}
    assert not tracer.exports
