"""Logs as JSON lines without personal data, and the trace that runs through HTTP, the bus and the post (W3C Trace Context)."""

from __future__ import annotations

import contextvars
import logging
import re
import secrets
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_current: contextvars.ContextVar[str | None] = contextvars.ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """The trace this code runs in, or None."""
    return _current.get()


def begin_trace(traceparent: str | None = None) -> str:
    """Continue the caller's trace with a span of our own, or begin one. A malformed header begins a new trace."""
    trace = traceparent[3:35] if traceparent and _TRACEPARENT.match(traceparent) else secrets.token_hex(16)
    mine = f"00-{trace}-{secrets.token_hex(8)}-01"
    _current.set(mine)
    return mine


class JsonLines(logging.Formatter):
    """One JSON object a line. Only the message, its place and what is passed as `extra={"context": {...}}` are written."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := _current.get():
            line["trace"] = trace[3:35]
        line |= getattr(record, "context", {})
        if record.exc_info and record.exc_info[0]:
            # The traceback without the exception's text, which may quote what an applicant wrote.
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = traceback.format_tb(record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send every log of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
