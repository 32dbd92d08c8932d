"""Texts that people edit: templates in versions, and the frames that go around them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Uuid, func, text
from sqlmodel import Field

from services.notify.models.base import NotifyRecord
from shared.database import new_id, timestamp


class Template(NotifyRecord, table=True):
    """A text for messages of one channel: of a client (by id), or in place of a shipped one (by key, language and procedure)."""

    __tablename__ = "template"
    __table_args__ = (
        Index(
            "template_key_idx",
            "key",
            "channel",
            "language",
            "procedure_id",
            unique=True,
            postgresql_where=text("key is not null"),
        ),
        Index("template_client_idx", "client_id", postgresql_where=text("client_id is not null")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("notify.client.id", ondelete="CASCADE"), nullable=True)
    )
    key: str | None = Field(default=None, description="of the shipped text that it replaces")
    channel: str
    language: str = Field(default="ja")
    procedure_id: str = Field(default="", description="the one it is for; empty: all", sa_column_kwargs={"server_default": ""})
    name: str
    version: int = Field(description="the one in use")
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    archived_at: datetime | None = timestamp(default=None)


class TemplateVersion(NotifyRecord, table=True):
    """A version of a template's text. It never changes: messages were made of it."""

    __tablename__ = "template_version"

    template_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("notify.template.id", ondelete="CASCADE"), primary_key=True, nullable=False)
    )
    version: int = Field(primary_key=True)
    subject: str = Field(default="", sa_column_kwargs={"server_default": ""})
    body: str
    created_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    created_by: str = Field(description="who wrote it: a name to show")
    act: str = Field(
        default="written",
        description="written, restored (an older version), or put-back: from here on the shipped text counts",
        sa_column_kwargs={"server_default": "written"},
    )


class Letterhead(NotifyRecord, table=True):
    """What an office has above and below its messages. The group '' is for all that have none of their own."""

    __tablename__ = "letterhead"

    group: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    header: str = Field(default="", sa_column_kwargs={"server_default": ""})
    footer: str = Field(default="", sa_column_kwargs={"server_default": ""})
    updated_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    updated_by: str
