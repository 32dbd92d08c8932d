"""The trace of what people saw and did: entries, the chain that seals them, and what waits to be sealed (docs/adr/0015).

The desk's own role may insert and read entries and links, and never change them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord
from shared.database import timestamp


class AuditEntry(ReviewRecord, table=True):
    """One view of personal data, or one act. It outlives the case it is about."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "case_id", "at"),
        Index(None, "account_id", "at"),
        Index(None, "at", postgresql_using="brin"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    account_id: UUID | None = Field(default=None, description="who; none for what the desk did on hearing of an event")
    account_name: str = Field(default="", description="what that official was called then")
    duty: str = Field(default="", description="in which of his duties, where the act needs one")
    act: str
    case_id: UUID | None = None
    details: dict[str, Any] = Field(sa_type=JSONB, default_factory=dict, description="ids, counts and names of choices")
    traceparent: str | None = None


class AuditLink(ReviewRecord, table=True):
    """Where an entry stands in the chain: hash = SHA-256(hash of the link before, digest of the entry)."""

    __tablename__ = "audit_link"

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False), description="from 1, without gaps")
    entry_id: int = Field(unique=True)
    digest: bytes = Field(description="SHA-256 of the entry; stays when the entry is purged")
    hash: bytes
    sealed_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})


class AuditWaiting(ReviewRecord, table=True):
    """An entry that is not in the chain yet. Whoever takes it from here is the one who links it."""

    __tablename__ = "audit_waiting"

    entry_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
