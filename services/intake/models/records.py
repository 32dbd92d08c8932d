"""What the tables of the counter have in common."""

from __future__ import annotations

from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import metadata


class IntakeRecord(SQLModel, registry=registry(metadata=metadata("intake"))):
    """A table of the schema `intake`."""
