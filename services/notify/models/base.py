"""What all tables of the post share."""

from __future__ import annotations

from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import metadata


class NotifyRecord(SQLModel, registry=registry(metadata=metadata("notify"))):
    """A table of the schema `notify`."""
