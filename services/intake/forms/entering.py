"""What was entered on a page of a form, sent with files or without."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from services.intake.files import attachments
from services.intake.files.attachments import reference_text
from services.intake.forms.posted import posted
from shared.identity.callers import Caller
from shared.web.multipart import Entered, Part, read_form

# A page may send so many of the largest files at once.
_MOST_FILES = 4


async def entered_by(request: Request, sending: Callable[[], Caller]) -> Entered:
    """A page of a form with its files, which are kept as they come in, for who is `sending` them."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return Entered({name: list(texts) for name, texts in (await posted(request)).items()})
    state = request.app.state
    sender = await run_in_threadpool(sending)

    async def keep(part: Part) -> str:
        if part.incoming is None or part.filename is None:
            return ""
        sent = await run_in_threadpool(part.incoming.looked_at, part.filename, part.declared)
        return reference_text(await run_in_threadpool(attachments.keep, state.engine, state.storage, sender, sent))

    each: int = state.settings.attachment_bytes
    with state.uploads.taken():
        return await read_form(request, state.storage, whole=_MOST_FILES * each, each=each, keep=keep)
