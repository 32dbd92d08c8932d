"""What all tables of the desk share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Uuid
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata


class ReviewRecord(SQLModel, registry=registry(metadata=metadata("review"))):
    """A table of the schema `review`."""


def of_case(*, primary_key: bool = False) -> Any:
    """A column that names the case a row belongs to, and goes with it."""
    reference = ForeignKey("review.case.id", ondelete="CASCADE")
    return Field(sa_column=Column(Uuid, reference, primary_key=primary_key, nullable=False))
