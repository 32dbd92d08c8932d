"""The files of exports over HTTP, the same for API and pages."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from sqlmodel import Session

from services.review.bulk import jobs
from services.review.bulk.exporting import file_key
from shared.identity.callers import Caller
from shared.problems import NotFound, Unavailable
from shared.storage import Missing, StorageError
from shared.web.downloads import download


def fetched(request: Request, session: Session, caller: Caller, job_id: UUID, number: int) -> Response:
    """A file of one's own export as a download. Raises NotFound, Forbidden, Unavailable."""
    file = jobs.fetched(session, caller, job_id, number)
    try:
        content = request.app.state.storage.open(file_key(job_id, number))
    except Missing:
        raise NotFound("This file is not kept any more: export anew") from None
    except StorageError:
        raise Unavailable("This file cannot be read at this moment; try again later", retry_after=30) from None
    return download(content, name=file.name, media_type=file.media_type, size=file.size)
