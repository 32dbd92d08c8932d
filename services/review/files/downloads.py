"""Files about a case over HTTP: kept as they come with a form or as a body, handed out as downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.review.files import files
from services.review.models import CaseFile
from shared.files.kept import content, reference, state_of
from shared.problems import FieldError, Invalid
from shared.web.downloads import download
from shared.web.multipart import Entered, Part, read_form
from shared.web.uploads import name_in, received

# A form may send so many of the largest files at once.
_MOST_FILES = 2
# What tells whose files come in, before they do: the case and its sender. Raises NotFound and the like.
Sender = tuple[UUID, UUID]
Sending = Callable[[], Sender]


@dataclass(frozen=True)
class FileField:
    """A form's field of files: id, name, state, and whether it is kept with the rest already; which are chosen to stay."""

    files: list[tuple[str, str, str, bool]]
    kept: set[str]


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
    inside = content(request.app.state.storage, file, scanning=bool(request.app.state.settings.clamd))
    return download(inside, name=file.name, media_type=file.type, size=file.size)


def outline(request: Request, file: CaseFile) -> dict[str, Any]:
    """A file as FileOut says it."""
    return {**reference(file), "state": state_of(file, scanning=bool(request.app.state.settings.clamd))}


def ids_in(posted: Entered) -> list[str]:
    """The ids of the files that a form names, each once."""
    return list(dict.fromkeys(one for one in posted.posted.get("files", []) if one))


def text_in(posted: Entered, name: str) -> str:
    """A form's text, its lines as we keep them."""
    return posted.posted.get(name, [""])[-1].replace("\r\n", "\n")


def must_be_taken(posted: Entered) -> None:
    """Raises Invalid when a form's file was refused."""
    for refused in posted.refused.values():
        raise Invalid("Some entries need mending", errors=[FieldError("/files", refused.detail, refused.values)])


def for_field(
    request: Request, session: Session, posted: Entered | None, *, of: Sender, had: Sequence[CaseFile] = ()
) -> FileField:
    """What a form's field of files shows: what it `had`, and what came with it this time."""
    scanning = bool(request.app.state.settings.clamd)
    came = files.loose(session, *of, ids_in(posted)) if posted else list(had)
    mine = {file.id for file in had}
    every = {file.id: file for file in [*had, *came]}.values()
    return FileField(
        files=[(str(one.id), one.name, state_of(one, scanning=scanning), one.id in mine) for one in every],
        kept={str(file.id) for file in came},
    )


def lines(request: Request, found: Sequence[CaseFile]) -> list[tuple[str, str, str]]:
    """Files for a list: id, name and state."""
    scanning = bool(request.app.state.settings.clamd)
    return [(str(one.id), one.name, state_of(one, scanning=scanning)) for one in found]
