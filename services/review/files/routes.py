"""Files about a case over HTTP: sent first, then named by a note, an opinion or a message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from services.review.audit.audit import note
from services.review.cases import cases
from services.review.files.downloads import outline, sent
from services.review.wall import acts
from shared.database import Session
from shared.filetypes import FILE_TYPES
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described
from shared.web.uploads import FILE_BODY, FileOut

router = APIRouter(prefix="/v1/cases/{case_id}/files", tags=["files"])
_TYPES = ", ".join(FILE_TYPES)


@router.post(
    "",
    status_code=201,
    response_model=FileOut,
    responses=described(400, 401, 403, 404, 409, 413, 422, 429, 503),
    openapi_extra=FILE_BODY,
    description=f"Send a file: its bytes are the body. It is kept for two days until something has it. Taken: {_TYPES}.",
)
async def send_file(case_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    def sending() -> tuple[UUID, UUID]:
        with Session(request.app.state.engine) as own:
            acts(own, caller)
            return cases.shown(own, caller, case_id).id, caller.account_id

    file = await sent(request, sending)
    await run_in_threadpool(note, session, caller, "file.sent", case_id, file=file.id)
    return outline(request, file)
