"""What is left of applications that were purged."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, func
from sqlmodel import Field

from services.intake.models.records import IntakeRecord
from shared.database import timestamp


class Purged(IntakeRecord, table=True):
    """That there was an application: so that who asks is told, and a late event makes nothing of it again (docs/adr/0026)."""

    __tablename__ = "purged"
    __table_args__ = (CheckConstraint("became in ('deleted', 'anonymised')", name="became"),)

    application_id: UUID = Field(primary_key=True)
    procedure_id: str
    became: str
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
