"""What is left of cases that were purged, and what is to be deleted in the storage."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, func
from sqlmodel import Field

from services.review.models.base import ReviewRecord
from shared.database import timestamp


class Purged(ReviewRecord, table=True):
    """That there was a case: so that who asks is told, and a late event makes nothing of it again (docs/adr/0026)."""

    __tablename__ = "purged"
    __table_args__ = (CheckConstraint("became in ('deleted', 'anonymised')", name="became"),)

    case_id: UUID = Field(primary_key=True)
    application_id: UUID = Field(unique=True)
    procedure_id: str
    became: str
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Leaving(ReviewRecord, table=True):
    """A file that no row names any more: it is deleted in the storage, and then here (shared.retention.leaving)."""

    __tablename__ = "leaving"

    key: str = Field(primary_key=True)
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
