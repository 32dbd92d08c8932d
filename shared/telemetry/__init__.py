"""What operators see of a running system: logs, traces, measurements."""

from shared.telemetry.logs import log_to_stderr
from shared.telemetry.traces import Span, current_traceparent, tracer_of

__all__ = ["Span", "current_traceparent", "log_to_stderr", "tracer_of"]
