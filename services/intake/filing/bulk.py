"""Bulk filing: a filing a line (NDJSON), each recorded or refused for itself, answered in order."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO, Any

import orjson

from services.intake.filing.filing import KEY_LIMIT
from services.intake.filing.filing import Receipt as Recorded
from shared.problems import Invalid, Problem, TooLarge

log = logging.getLogger(__name__)

LINES = 1000
BYTES = 16 * 1024 * 1024
LINE_BYTES = 1024 * 1024
# Beyond this, a request waits on disk.
_IN_MEMORY = 1024 * 1024
# Lines of one request that may wait for their commit together; they share it.
_AT_ONCE = 64
REQUEST_KEY_LIMIT = KEY_LIMIT - len(f"#{LINES}")

# Records one line under its Idempotency-Key. Raises Problem.
File = Callable[[bytes, str], Awaitable[Recorded]]


def line_key(key: str, line: int) -> str:
    """The Idempotency-Key of a line: as if it had been filed alone with it."""
    return f"{key}#{line}"


def must_have_key(key: str | None) -> str:
    """The request's Idempotency-Key, without which a broken connection would leave it open what was recorded. Raises Invalid."""
    if key is None or not 1 <= len(key) <= REQUEST_KEY_LIMIT:
        raise Invalid("Bulk filing needs an Idempotency-Key of 1 to {limit} characters", limit=REQUEST_KEY_LIMIT)
    return key


async def received(chunks: AsyncIterator[bytes]) -> IO[bytes]:
    """The whole request, on disk where it is large, so that nothing is recorded of one that is not complete. Raises TooLarge.

    It is read before anything is answered: many clients do not read while they write.
    """
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - who answers closes it
    lines = 0
    try:
        async for chunk in chunks:
            lines += chunk.count(b"\n")
            spool.write(chunk)
            _must_be_few(lines)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def _must_be_few(lines: int) -> None:
    if lines > LINES:
        raise TooLarge("Send at most {limit} lines", limit=LINES)


def _must_be_short(line: bytes) -> None:
    if len(line) > LINE_BYTES:
        raise TooLarge("Send at most {limit} bytes", limit=LINE_BYTES)


async def answers(spool: IO[bytes], key: str, file: File, say: Callable[[Problem], dict[str, Any]]) -> AsyncIterator[bytes]:
    """File line by line; one line of JSON for each that is not blank, in order, as soon as it is known."""
    waiting: deque[asyncio.Task[bytes]] = deque()
    try:
        for number, line in enumerate(spool, start=1):
            if not line.strip():
                continue
            waiting.append(asyncio.create_task(_answer(number, line.strip(), line_key(key, number), file, say)))
            if len(waiting) >= _AT_ONCE:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:  # when the caller hangs up, what is being recorded will be, and his key finds it
        for task in waiting:
            task.cancel()
        spool.close()


async def _answer(number: int, line: bytes, key: str, file: File, say: Callable[[Problem], dict[str, Any]]) -> bytes:
    try:
        _must_be_short(line)
        receipt = await file(line, key)
        said: dict[str, Any] = {"line": number, "status": 202, "id": receipt.id, "receipt_number": receipt.receipt_number}
    except Problem as problem:
        said = {"line": number, **say(problem)}
    except Exception as error:  # a line that nobody foresaw must not end the others
        log.exception("unforeseen error in a line of a bulk filing", exc_info=error)
        said = {"line": number, **say(Problem("Tell the operator the trace id of this answer"))}
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)
