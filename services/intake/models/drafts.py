"""Drafts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Uuid,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp
from shared.sealing.columns import SealedJSON, SealedText

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Draft(IntakeRecord, table=True):
    """What an organisation has begun to write. Its id becomes the Idempotency-Key of its filing."""

    __tablename__ = "draft"
    __table_args__ = (
        ForeignKeyConstraint(["procedure_id", "procedure_version"], ["intake.procedure.id", "intake.procedure.version"]),
        Index(None, "organisation_id", "id"),
        Index(None, "procedure_id", "procedure_version"),
    )

    id: UUID = Field(primary_key=True)
    organisation_id: UUID
    agent_id: UUID | None = Field(default=None, description="the organisation that began it under a mandate")
    agent_name: str | None = None
    procedure_id: str
    procedure_version: int
    files: list[UUID] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
        description="set by `answers`, which may be sealed: the ids in them, among them those of attachments",
    )
    answers: dict[str, Any] = Field(
        sa_type=SealedJSON("intake.draft.answers"), description="as entered so far; need not fit the form yet"
    )
    contact: dict[str, Any] | None = Field(default=None, sa_column=Column(SealedJSON("intake.draft.contact")))
    mends: list[dict[str, Any]] = Field(
        sa_type=JSONB, default_factory=list, description="what the returned application had to mend"
    )
    changes: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSONB(none_as_null=True)),
        description="what a newer version of the procedure changed",
    )
    seen: list[int] = Field(sa_type=JSONB, default_factory=list, description="the pages that were sent, from 1")
    version: int = Field(default=1, description="counts the changes: a change names the one it was made on")
    created_at: datetime = timestamp()
    updated_at: datetime = timestamp(index=True)
    updated_by: UUID
    updated_by_name: str = Field(sa_type=SealedText("intake.draft.updated_by_name"))
    held_by: UUID | None = Field(default=None, description="who is writing, until `held_until`")
    held_by_name: str | None = Field(default=None, sa_type=SealedText("intake.draft.held_by_name"))
    held_until: datetime | None = timestamp(default=None, nullable=True)


@event.listens_for(Draft.answers, "set")
def _name_files(draft: Draft, answers: Any, _before: Any, _initiator: Any) -> None:
    draft.files = ids_in(answers)


@event.listens_for(Draft, "before_insert")
def _name_files_of_new(_mapper: Any, _connection: Any, draft: Draft) -> None:
    draft.files = ids_in(draft.answers)  # while it is made, defaults are set after `answers`


def ids_in(answers: Any) -> list[UUID]:
    """Every id that answers name, wherever it stands in them."""
    if isinstance(answers, str):
        return [UUID(answers)] if _ID.fullmatch(answers) else []
    parts = answers.values() if isinstance(answers, dict) else answers if isinstance(answers, list) else ()
    return [one for part in parts for one in ids_in(part)]
