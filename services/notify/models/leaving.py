"""What is to be deleted in the storage."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import timestamp


class Leaving(NotifyRecord, table=True):
    """A file that no row names any more: it is deleted in the storage, and then here (shared.retention.leaving)."""

    __tablename__ = "leaving"

    key: str = Field(primary_key=True)
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
