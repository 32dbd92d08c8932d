"""The tables of the schema `operation`. Operators write them; services read holds and switches, and note their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import metadata, new_id, timestamp


class OperationRecord(SQLModel, registry=registry(metadata=metadata("operation"))):
    """A table of the schema `operation`."""


class Act(OperationRecord, table=True):
    """One act of an operator. It is added, and never changed: nobody has the right to, and each seals the one before it."""

    __tablename__ = "act"
    __table_args__ = (Index(None, "subject", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    account_id: UUID | None = Field(default=None, description="who; none for the command line")
    name: str = Field(description="what he was called then; for the command line, the login of the machine")
    act: str = Field(description="such as dead-letter.discarded")
    subject: str = Field(description="what it was done to: an id, or a name")
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="why, in his words")
    details: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}, description="no personal data"
    )
    seal: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary, nullable=False), description="SHA-256 over this act and the seal before it"
    )


class Hold(OperationRecord, table=True):
    """A legal hold: what must not be deleted or made anonymous while it lasts, whatever its time (公文書管理法施行令9条)."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("kind in ('application', 'organisation', 'procedure')", name="kind"),
        Index("hold_lasting_key", "kind", "subject", unique=True, postgresql_where=text("released_at is null")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str
    subject: str = Field(description="the application's or organisation's id, or the procedure's key")
    reason: str
    held_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    held_by: str
    released_at: datetime | None = timestamp(default=None)
    released_by: str | None = None


class Switch(OperationRecord, table=True):
    """Whether a feature is on. What is not in the table is as the code has it (shared.operation.switches)."""

    __tablename__ = "switch"

    name: str = Field(primary_key=True)
    on: bool
    changed_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class Run(OperationRecord, table=True):
    """One run of scheduled work, such as a backup, a rehearsal of restoring or what retention deleted: its report."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("outcome in ('running', 'done', 'failed')", name="outcome"),
        Index(None, "kind", "started_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(description="such as backup.base, backup.rehearsal, retention.intake")
    started_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    ended_at: datetime | None = timestamp(default=None)
    outcome: str = Field(default="running", sa_column_kwargs={"server_default": "running"})
    report: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}, description="no personal data"
    )
