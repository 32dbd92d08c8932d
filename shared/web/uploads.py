"""Receiving files over HTTP: onto disk as they come, counted and hashed, never whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from email.message import Message
from typing import IO, Any, Literal
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from shared.files.inspection import Sent, clean_name, inspect
from shared.problems import Malformed, TooLarge, Unavailable
from shared.storage import Storage, StorageError
from shared.web.app import allow_body

# Whoever sends nothing for so long, or is not done after so long, in seconds, is sent away.
IDLE, WHOLE = 30.0, 900.0
# So much gathers in memory before it goes to the disk.
_GATHERED = 512 * 1024

# In OpenAPI: a request whose body is a file.
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    "parameters": [
        {
            "name": "Content-Disposition",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "maxLength": 2000},
            "description": "the file's name (RFC 6266): `attachment; filename*=UTF-8''plan.pdf`",
        }
    ],
}


class ReferenceOut(BaseModel):
    """A file as answers and messages name it."""

    id: UUID
    name: str
    size: int = Field(description="bytes")
    type: str = Field(description="media type, by content")
    sha256: str


class FileOut(ReferenceOut):
    """A file and how it stands."""

    state: Literal["waiting", "clean", "infected", "failed", "unscanned"] = Field(
        description="waiting: for its scan; failed: the scan came to no end; unscanned: no scanner is set up here"
    )


class Slots:
    """How many uploads a process takes at once. One for a process; used from its event loop only."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def taken(self) -> Iterator[None]:
        """A place for one upload. Raises Unavailable."""
        if not self._free:
            raise Unavailable("Too many uploads at this moment; nothing was accepted, try again shortly", retry_after=10)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Incoming:
    """A file on its way in. Raises TooLarge when there comes more than it may have."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit = file, limit
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge("A file may have at most {limit} bytes", limit=self._limit)
        self._digest.update(data)
        try:
            self._file.write(data)
        except OSError:
            raise _unavailable() from None

    def looked_at(self, name: str, declared: str) -> Sent:
        """What came, once its content was looked at. Raises Invalid."""
        name = clean_name(name)
        self._file.flush()
        kind = inspect(self._file, name, declared)
        return Sent(self._file, name, kind.media_type, self.size, self._digest.digest())


@asynccontextmanager
async def received(request: Request, storage: Storage, limit: int) -> AsyncIterator[Incoming]:
    """A request's whole body as a file. Raises TooLarge, Malformed, Unavailable."""
    allow_body(request, limit)
    refuse_too_long(request, limit)
    with scratch(storage) as file:
        incoming = Incoming(file, limit)
        gathered = bytearray()
        async for chunk in chunks(request):
            gathered += chunk
            if len(gathered) >= _GATHERED:
                await run_in_threadpool(incoming.write, bytes(gathered))
                gathered.clear()
        await run_in_threadpool(incoming.write, bytes(gathered))
        yield incoming


def refuse_too_long(request: Request, limit: int) -> None:
    """Refuse a body by its declared length, before it is sent. Raises TooLarge."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise TooLarge("Send at most {limit} bytes", limit=limit)


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """A request's body as it comes. Raises Malformed for a sender who is too slow, or gone."""
    body, loop = request.stream().__aiter__(), asyncio.get_running_loop()
    until = loop.time() + WHOLE
    try:
        while True:
            async with asyncio.timeout(min(IDLE, until - loop.time())):
                chunk = await anext(body, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError:
        raise Malformed("The upload came too slowly; try again on a better line") from None
    except ClientDisconnect:
        raise Malformed("The upload was broken off") from None


@contextmanager
def scratch(storage: Storage) -> Iterator[IO[bytes]]:
    """A file on disk to receive into. Raises Unavailable."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(storage.scratch())
        except StorageError:
            raise _unavailable() from None
        yield file


def _unavailable() -> Unavailable:
    return Unavailable("Files cannot be kept at this moment; nothing was accepted, try again later", retry_after=30)


def name_in(disposition: str) -> str:
    """The file's name in a Content-Disposition header (RFC 6266, RFC 8187), also in UTF-8 as it is. Raises Malformed."""
    header = Message()
    try:
        header["content-disposition"] = disposition.encode("latin-1").decode("utf-8")
        name = header.get_filename()
    except (UnicodeError, ValueError, LookupError):
        name = None
    if not name:
        raise Malformed("Say the file's name: Content-Disposition: attachment; filename*=UTF-8''plan.pdf")
    return name
