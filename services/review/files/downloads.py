"""Files about a case over HTTP: kept as they come with a form or as a body, handed out as downloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from services.review.files import files
from services.review.models import CaseFile
from shared.web.downloads import download
from shared.web.multipart import Entered, Part, read_form
from shared.web.uploads import name_in, received

# A form may send so many of the largest files at once.
_MOST_FILES = 2
# What tells whose files come in, before they do: the case and its sender. Raises NotFound and the like.
Sending = Callable[[], tuple[UUID, UUID]]


async def entered(request: Request, sending: Sending) -> Entered:
    """A form with its files (fields `files.file`), which are kept as they come in; `files` in the entries are their ids."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        form = await request.form(max_files=0)
        found = Entered()
        for name, text in form.multi_items():
            if isinstance(text, str):
                found.add(name, text)
        return found
    state = request.app.state
    case_id, sender_id = await run_in_threadpool(sending)

    async def keep(part: Part) -> str:
        if part.incoming is None or not part.filename:
            return ""
        sent = await run_in_threadpool(part.incoming.looked_at, part.filename, part.declared)
        file = await run_in_threadpool(files.keep, state.engine, state.storage, case_id, sender_id, sent)
        return str(file.id)

    each: int = state.settings.attachment_bytes
    with state.uploads.taken():
        return await read_form(request, state.storage, whole=_MOST_FILES * each, each=each, keep=keep)


async def sent(request: Request, sending: Sending) -> CaseFile:
    """A file whose bytes are the body, kept. Raises Invalid, TooLarge, Malformed, Conflict, Unavailable."""
    name, state = name_in(request.headers.get("content-disposition", "")), request.app.state
    case_id, sender_id = await run_in_threadpool(sending)
    with state.uploads.taken():
        async with received(request, state.storage, state.settings.attachment_bytes) as incoming:
            looked_at = await run_in_threadpool(incoming.looked_at, name, request.headers.get("content-type", ""))
            return await run_in_threadpool(files.keep, state.engine, state.storage, case_id, sender_id, looked_at)


def handed_out(request: Request, file: CaseFile) -> Response:
    """A file as a download. Raises Conflict, NotFound, Unavailable."""
    content = files.content(request.app.state.storage, file, scanning=bool(request.app.state.settings.clamd))
    return download(content, name=file.name, media_type=file.type, size=file.size)


def outline(request: Request, file: CaseFile) -> dict[str, Any]:
    """A file as FileOut says it."""
    return {**files.reference(file), "state": files.state_of(file, scanning=bool(request.app.state.settings.clamd))}


def ids_in(posted: Entered) -> list[str]:
    """The ids of the files that a form names, each once."""
    return list(dict.fromkeys(one for one in posted.posted.get("files", []) if one))


def text_in(posted: Entered, name: str) -> str:
    """A form's text, its lines as we keep them."""
    return posted.posted.get(name, [""])[-1].replace("\r\n", "\n")
