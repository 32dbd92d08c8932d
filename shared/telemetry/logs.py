"""Logs as JSON lines without personal data.

What may quote an applicant is never written: the text of an exception, what a library says of a failure beyond its own words, a
warning's text. In their place stand kind, place and, for PostgreSQL, state and constraint.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.telemetry.traces import current_traceparent

# Whose messages are constants, with what is special in `context`.
OURS = frozenset({"services", "shared", "deploy"})
# Libraries that say how the process itself is. Of others only warnings are told.
HEARD = frozenset({"celery", "kombu", "uvicorn"})
# Of what Celery says about a task that failed.
HARMLESS = ("name", "id", "description")

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """One JSON object a line: the message, its place, and what is passed as `extra={"context": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if trace := current_traceparent():
            line["trace"] = trace[3:35]
        line |= getattr(record, "context", {})
        if record.exc_info and record.exc_info[1]:
            line |= dict(_kind_of(record.exc_info[1]))
            line["traceback"] = traceback.format_tb(record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def _message(record: logging.LogRecord) -> str:
    package = record.name.partition(".")[0]
    if package in OURS or (package in HEARD and not record.exc_info):
        return record.getMessage()
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.name == "py.warnings":  # place: kind: text
        return ": ".join(record.msg.split(": ")[:2])
    # Only the first line: asyncio writes below it what it failed at.
    words = record.msg.partition("\n")[0]
    if isinstance(record.args, Mapping) and "%(name)s" in words:
        return words % {name: value if name in HARMLESS else "…" for name, value in record.args.items()}
    return words


def _kind_of(error: BaseException) -> Iterator[tuple[str, str]]:
    """What can be told of an exception without its text."""
    yield "error", type(error).__name__
    cause: Any = getattr(error, "orig", error)
    if diagnosis := getattr(cause, "diag", None):  # psycopg's; it is not imported for that, since beat has no database
        told = {"sqlstate": cause.sqlstate, "table": diagnosis.table_name, "constraint": diagnosis.constraint_name}
        yield from ((name, value) for name, value in told.items() if value)


def _is_told(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OURS | HEARD


def lines_to_stderr() -> logging.Handler:
    """What writes the logs of this process; what Python itself writes to standard error goes the same way from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(_is_told)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    sys.unraisablehook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    return handler


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send every log of this process to standard error as JSON lines."""
    logging.basicConfig(level=level, handlers=[lines_to_stderr()], force=True)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
    log.critical("an exception that nobody caught", exc_info=(kind, error or kind(), trace))
