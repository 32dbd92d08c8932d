"""Messages between office and applicant over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.review.cases import cases
from services.review.messages import messages
from shared.conversations import MessageIn, MessageOut
from shared.web.callers import Reviewer, Transaction
from shared.web.downloads import DOWNLOAD, handed_over
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases/{case_id}/messages", tags=["messages"])


@router.get("", response_model=list[MessageOut], responses=described(401, 403, 404, 422))
def list_messages(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """What the office and the applicant wrote about one case of your groups. It does not count as read by this."""
    return [one.model_dump() for one in messages.of_case(session, cases.shown(session, caller, case_id))]


@router.post("", status_code=201, response_model=MessageOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def write_message(case_id: UUID, written: MessageIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Write to the applicant."""
    ids, scanning = [str(one) for one in written.files], bool(request.app.state.settings.clamd)
    return messages.write(session, caller, case_id, written.text, ids, scanning=scanning).model_dump()


@router.get(
    "/{message_id}/files/{file_id}/content",
    response_class=Response,
    responses=DOWNLOAD | described(401, 403, 404, 422, 503),
)
def fetch_file(  # noqa: PLR0917 - what FastAPI gives
    case_id: UUID, message_id: UUID, file_id: UUID, request: Request, session: Transaction, caller: Reviewer
) -> Response:
    """A file that came or went with a message."""
    case = cases.shown(session, caller, case_id)
    return handed_over(request, messages.file_of(session, case, message_id, file_id))


@router.post("/read", status_code=204, responses=described(401, 403, 404, 422, 429))
def read_messages(case_id: UUID, session: Transaction, caller: Reviewer) -> None:
    """Say that the applicant's messages were read; the applicant sees when."""
    messages.read(session, cases.shown(session, caller, case_id))
