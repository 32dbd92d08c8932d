"""Messages between applicant and office: their limits, and how the API takes and shows them, at the counter as at the desk."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events import AttachedFile
from shared.files.kept import MOST_FILES

TEXT_LIMIT = 4000


class MessageIn(BaseModel):
    """A message to write: plain text."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, pattern=r"^[^\x00]*$")
    files: list[UUID] = Field(
        default=[], max_length=MOST_FILES, description="ids of files sent before: POST /v1/attachments, or …/files of the case"
    )


class MessageOut(BaseModel):
    """A message, the oldest first."""

    id: UUID
    from_office: bool
    author: str
    text: str
    at: datetime
    read_at: datetime | None = Field(description="when the other side first saw it")
    files: list[AttachedFile]
