"""The tables of the shop window."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata

COUNTS = ("filed", "arrived", "returned", "approved", "refused", "accepted", "withdrawn")


class OpendataRecord(SQLModel, registry=registry(metadata=metadata("opendata"))):
    """A table of the schema `opendata`."""


class Procedure(OpendataRecord, table=True):
    """The newest title of a procedure."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int
    title: dict[str, str] = Field(sa_type=JSONB, description="by language")


class ProcedureCount(OpendataRecord, table=True):
    """How many applications of a procedure were filed and arrived, and how they ended, since the beginning."""

    __tablename__ = "procedure_count"

    procedure_id: str = Field(primary_key=True)
    filed: int = 0
    arrived: int = 0
    returned: int = 0
    approved: int = 0
    refused: int = 0
    accepted: int = 0
    withdrawn: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
