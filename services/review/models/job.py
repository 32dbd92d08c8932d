"""Work in bulk: jobs that a worker does piece by piece, their cases, their files; and views of the list that somebody saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord
from shared.database import new_id, timestamp
from shared.sealing.columns import SealedJSON


class SavedView(ReviewRecord, table=True):
    """A filter and an order with a name: one's own, or shared with a group."""

    __tablename__ = "saved_view"
    __table_args__ = (
        Index(None, "owner_id"),
        Index("saved_view_group_idx", "group", postgresql_where=sql('"group" is not null')),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner_id: UUID
    owner_name: str
    group: str | None = None
    name: str
    filter: dict[str, Any] = Field(
        sa_type=SealedJSON("review.saved_view.filter"), description="services.review.finding.finding.Filter"
    )
    sort: str
    at: datetime = timestamp()


class Job(ReviewRecord, table=True):
    """Work on many cases that somebody asked for. It is done with his rights, as they are when each case is worked on."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("kind in ('assign', 'decide', 'export')", name="kind"),
        CheckConstraint("state in ('previewing', 'ready', 'running', 'done', 'cancelled', 'failed')", name="state"),
        Index(None, "asked_by", "id"),
        Index("job_waiting_idx", "worked_at", postgresql_where=sql("state in ('previewing', 'running')")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str
    state: str
    asked_by: UUID
    asked_by_name: str
    language: str
    wanted: dict[str, Any] = Field(
        sa_type=SealedJSON("review.job.wanted"), description="what is to be done: the filter, and what the kind needs"
    )
    total: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="cases")
    done: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="cases of an export that are written")
    last_case_id: UUID | None = Field(default=None, description="the last case in the files of an export that are put away")
    attempts: int = Field(default=0, sa_column=Column(BigInteger, nullable=False), description="at the present file")
    made_at: datetime = timestamp()
    worked_at: datetime = timestamp()
    ended_at: datetime | None = timestamp(default=None)


def _of_job() -> Any:
    reference = ForeignKey("review.job.id", ondelete="CASCADE")
    return Field(sa_column=Column(Uuid, reference, primary_key=True, nullable=False))


class JobItem(ReviewRecord, table=True):
    """A case of a batch, and what came of it."""

    __tablename__ = "job_item"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'can', 'cannot', 'done', 'failed')", name="state"),
        Index(None, "job_id", "state", "number"),
    )

    job_id: UUID = _of_job()
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False))
    case_id: UUID
    state: str = "waiting"
    seen: dict[str, Any] = Field(sa_type=JSONB, default_factory=dict, description="what the preview saw, and the act rests on")
    says: str = Field(default="", sa_column=Column(Text, nullable=False), description="why not: an English message id")
    # `values` would hide a method of the record
    says_with: dict[str, Any] = Field(sa_type=JSONB, default_factory=dict)


class JobFile(ReviewRecord, table=True):
    """A file of an export, in the storage until `kept_until`."""

    __tablename__ = "job_file"
    __table_args__ = (Index(None, "kept_until"),)

    job_id: UUID = _of_job()
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, nullable=False))
    name: str
    media_type: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str
    cases: int = Field(sa_column=Column(BigInteger, nullable=False))
    scope: list[str] = Field(sa_type=JSONB, description="group/procedure of the cases in it; who fetches it has duties in all")
    kept_until: datetime = timestamp()
