"""Letters over HTTP, for operators and the print room's programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notify.messages.acts import note_look
from services.notify.printing import letters
from shared.operation.acts import Operator as Who
from shared.problems import Unavailable
from shared.storage import StorageError, storage_at
from shared.web.callers import Operator, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/letters", tags=["letters"])


class LetterOut(BaseModel):
    """A letter that waits to be printed."""

    id: UUID
    created_at: datetime
    postage: str | None
    reference: str | None
    collected_at: datetime | None = Field(description="when somebody copied it with `madoguchi letters collect`")


class PrintedIn(BaseModel):
    """Which letters are printed and posted."""

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] = Field(min_length=1, max_length=1000)


class PrintedOut(BaseModel):
    """How many of them had not been."""

    printed: int


@router.get("", responses=described(401, 403, 422))
def list_letters(session: Transaction, _: Operator, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[LetterOut]:
    """Letters that wait to be printed, the oldest first."""
    return [LetterOut(**_shown(one.model_dump(), one.options)) for one in letters.waiting(session, limit=limit)]


@router.get("/{letter_id}/pdf", responses=described(401, 403, 404, 422, 503), response_class=Response)
def show_letter(letter_id: UUID, request: Request, session: Transaction, caller: Operator) -> Response:
    """The letter itself. Who looked is noted."""
    address = request.app.state.settings.storage
    try:
        pdf = letters.content(session, storage_at(address), letter_id)
    except StorageError:
        raise Unavailable("The storage does not answer; try again shortly", retry_after=5) from None
    note_look(session, Who.at_the_pages(caller), letter_id)
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{letter_id}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.post("/printed", responses=described(400, 401, 403, 422, 429))
def mark_printed(body: PrintedIn, session: Transaction, caller: Operator) -> PrintedOut:
    """These letters are printed and posted."""
    return PrintedOut(printed=letters.printed(session, Who.at_the_pages(caller), body.ids))


def _shown(one: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("id", "created_at", "reference")} | {
        "postage": options.get("postage"),
        "collected_at": options.get("collected_at"),
    }
