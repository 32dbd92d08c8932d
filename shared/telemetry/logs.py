"""Logs as JSON lines without personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.telemetry.traces import current_traceparent


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
        if trace := current_traceparent():
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
