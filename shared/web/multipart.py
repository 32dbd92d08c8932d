"""A page of a form with files in it (multipart/form-data, RFC 7578), read as it comes: texts into memory, files onto disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from shared.problems import Malformed, Problem, TooLarge
from shared.storage import Storage
from shared.web.app import BODY_LIMIT, allow_body
from shared.web.uploads import Incoming, chunks, refuse_too_long, scratch

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 20_000


@dataclass
class Part:
    """One part on its way in. A file that is refused is read to its end all the same: the entries behind it count."""

    name: str
    filename: str | None
    declared: str
    text: bytearray = field(default_factory=bytearray)
    incoming: Incoming | None = None
    refused: Problem | None = None


@dataclass
class Entered:
    """What a form sent: names with texts, and why files were refused, by the name of their field."""

    posted: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """One more text under a name."""
        self.posted.setdefault(name, []).append(text)


# What to do with a file that came in whole: the text that is entered for it. Raises Problem for one that is refused.
Keep = Callable[[Part], Awaitable[str]]


async def read_form(request: Request, storage: Storage, *, whole: int, each: int, keep: Keep) -> Entered:
    """Read a form of at most `whole` bytes with files of at most `each`. Raises TooLarge, Malformed, Unavailable."""
    allow_body(request, whole)
    refuse_too_long(request, whole)
    _, options = parse_options_header(request.headers.get("content-type", ""))
    events = _Events(options.get(b"boundary", b""))
    with _Reading(storage, each, keep) as reading:
        async for chunk in chunks(request):
            for kind, data in events.of(chunk):
                await reading.take(kind, data)
        return reading.entered()


class _Reading:
    """Takes what comes, part by part. At most one file is open at a time."""

    def __init__(self, storage: Storage, each: int, keep: Keep) -> None:
        self._storage, self._each, self._keep = storage, each, keep
        self._entered = Entered()
        self._part: Part | None = None
        self._parts = self._texts = 0
        self._file = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def entered(self) -> Entered:
        """Everything, once it has come in. Raises Malformed when it breaks off within a part."""
        if self._part is not None:
            raise Malformed("The form cannot be read")
        return self._entered

    async def take(self, kind: str, data: Any) -> None:
        """The next event."""
        if kind == "begin":
            self._begin(_part(data))
        elif self._part is not None and kind == "data":
            await self._take(self._part, data)
        elif self._part is not None:
            await self._end(self._part)

    def _begin(self, part: Part) -> None:
        self._part, self._parts = part, self._parts + 1
        if self._parts > MOST_PARTS:
            raise TooLarge("Send at most {limit} fields", limit=MOST_PARTS)
        self._count(len(part.name) + len(part.filename or ""))
        if part.filename:
            part.incoming = Incoming(self._file.enter_context(scratch(self._storage)), self._each)

    async def _take(self, part: Part, data: bytes) -> None:
        if part.incoming is None:
            self._count(len(data))
            part.text += data
        elif part.refused is None:
            try:
                await run_in_threadpool(part.incoming.write, data)
            except TooLarge as problem:
                part.refused = problem

    def _count(self, more: int) -> None:
        """What stays in memory: texts, and the names of all parts."""
        self._texts += more
        if self._texts > BODY_LIMIT:
            raise TooLarge("Send at most {limit} bytes", limit=BODY_LIMIT)

    async def _end(self, part: Part) -> None:
        name = part.name.removesuffix(".file")
        if part.filename is None:
            self._entered.add(name, part.text.decode("utf-8", "replace"))
        elif part.incoming is not None:
            try:
                if part.refused is not None:
                    raise part.refused
                self._entered.add(name, await self._keep(part))
            except Problem as problem:
                self._entered.refused[name] = problem
        self._file.close()
        self._part = None


def _part(headers: dict[str, bytes]) -> Part:
    _, options = parse_options_header(headers.get("content-disposition", b""))
    name, filename = options.get(b"name", b""), options.get(b"filename")
    declared = headers.get("content-type", b"").decode("latin-1")
    # RFC 7578 section 4.2: browsers write the name in UTF-8, with its quotation marks as %22
    named = filename.decode("utf-8", "replace").replace("%22", '"') if filename is not None else None
    return Part(name.decode("utf-8", "replace"), named, declared)


class _Events:
    """What python-multipart finds in each chunk, in order. It limits number and size of a part's headers itself."""

    def __init__(self, boundary: bytes) -> None:
        self._found: list[tuple[str, Any]] = []
        self._headers: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        callbacks: dict[str, Any] = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": lambda: self._found.append(("begin", self._headers)),
            "on_part_data": lambda data, start, end: self._found.append(("data", bytes(data[start:end]))),
            "on_part_end": lambda: self._found.append(("end", b"")),
        }
        try:
            self._parser = MultipartParser(boundary or b"none", cast("MultipartCallbacks", callbacks))
        except FormParserError:
            raise Malformed("The form cannot be read") from None

    def of(self, chunk: bytes) -> list[tuple[str, Any]]:
        """What is in the next chunk. Raises Malformed."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise Malformed("The form cannot be read") from None
        found, self._found = self._found, []
        return found

    def _begin(self) -> None:
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""
