"""Internal notes over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.review.cases import cases
from services.review.files import files
from services.review.files.downloads import outline
from services.review.models import Note
from services.review.notes import notes
from shared.files.kept import MOST_FILES
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described
from shared.web.uploads import FileOut

router = APIRouter(prefix="/v1/cases/{case_id}/notes", tags=["notes"])


class NoteIn(BaseModel):
    """A note for colleagues: plain text."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    text: str = Field(min_length=1, max_length=notes.TEXT_LIMIT, pattern=r"^[^\x00]*$")
    mentions: list[UUID] = Field(default=[], max_length=notes.MOST_MENTIONS, description="accounts of officials to tell")
    files: list[UUID] = Field(default=[], max_length=MOST_FILES, description="ids of files that you sent about this case")


class MentionOut(BaseModel):
    """An official who should read a note."""

    account_id: UUID
    name: str
    read_at: datetime | None


class NoteOut(BaseModel):
    """A note, the oldest first. Of a deleted one its place is left."""

    id: UUID
    author_id: UUID
    author: str
    text: str
    at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    mentions: list[MentionOut]
    files: list[FileOut]


class ColleagueOut(BaseModel):
    """An official who may be mentioned."""

    id: UUID
    name: str


@router.get("", response_model=list[NoteOut], responses=described(401, 403, 404, 422))
def list_notes(case_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """The notes on a case. A mention does not count as read by this."""
    return _out(request, session, *notes.of_case(session, cases.shown(session, caller, case_id)))


@router.get("/colleagues", response_model=list[ColleagueOut], responses=described(401, 403, 404, 422))
def list_colleagues(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Whom a note may mention: the others who may see the case."""
    return [one.model_dump() for one in notes.people(session, caller, cases.shown(session, caller, case_id))]


@router.post("", status_code=201, response_model=NoteOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def write_note(case_id: UUID, written: NoteIn, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Write a note; who is mentioned is told by mail that there is one."""
    made = notes.write(session, caller, case_id, written.text, mentions=written.mentions, file_ids=_ids(written))
    return _out(request, session, made)[0]


@router.put("/{note_id}", response_model=NoteOut, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def edit_note(case_id: UUID, note_id: UUID, written: NoteIn, request: Request, session: Transaction, caller: Reviewer) -> Any:  # noqa: PLR0917 - what FastAPI gives
    """Write your note anew, in the first quarter of an hour."""
    made = notes.edit(session, caller, case_id, note_id, written.text, mentions=written.mentions, file_ids=_ids(written))
    return _out(request, session, made)[0]


@router.delete("/{note_id}", response_model=NoteOut, responses=described(401, 403, 404, 409, 422))
def delete_note(case_id: UUID, note_id: UUID, request: Request, session: Transaction, caller: Reviewer) -> Any:
    """Delete your note; that there was one stays."""
    return _out(request, session, notes.remove(session, caller, case_id, note_id))[0]


def _ids(written: NoteIn) -> list[str]:
    return [str(one) for one in written.files]


def _out(request: Request, session: Session, *found: Note) -> list[dict[str, Any]]:
    ids = [one.id for one in found]
    mentions, attached = notes.mentions_of(session, ids), files.of_owners(session, ids)
    return [
        {
            **one.model_dump(exclude={"case_id", "version"}),
            "mentions": [mention.model_dump() for mention in mentions[one.id]],
            "files": [outline(request, file) for file in attached[one.id]],
        }
        for one in found
    ]
