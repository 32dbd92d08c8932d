"""What the post keeps of a procedure."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notify.models.base import NotifyRecord


class Procedure(NotifyRecord, table=True):
    """The newest title of a procedure, for the texts, and what it says of its messages."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int
    title: dict[str, str] = Field(sa_type=JSONB, description="by language")
    messages: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, description="its `messages`", sa_column_kwargs={"server_default": text("'{}'")}
    )
    groups: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        sa_type=JSONB,
        description="where its cases may go, with titles: their managers edit its texts",
        sa_column_kwargs={"server_default": text("'{}'")},
    )
    retention: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSONB,
        description="its `retention`: how long mails are kept",
        sa_column_kwargs={"server_default": text("'{}'")},
    )
