"""Pieces that several events have."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Part

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProcedureRef(Part):
    """Which procedure, in which published version."""

    id: str
    version: int


class NoticeWish(Part):
    """Whether who files wants notices of dispositions (処分通知等) electronically, as he said himself (デジタル手続法7条1項)."""

    electronic: bool
    said_at: datetime
    how: Literal["form", "api"] = Field(description="where he said it")

    @classmethod
    def of(cls, contact: Mapping[str, Any]) -> NoticeWish | None:
        """What somebody said, from a contact as it is kept."""
        return cls.model_validate(said) if (said := contact.get("notices")) else None


class Contact(Part):
    """Whom to write to about an application, and in which language."""

    name: str
    email: str
    language: Literal["ja", "en"] = "ja"
    notices: NoticeWish | None = Field(default=None, description="what he said of notices of dispositions; None: he did not")

    @property
    def by_post(self) -> bool:
        """Whether he said that he does not want such notices electronically: they go by post."""
        return self.notices is not None and not self.notices.electronic


class Agent(Part):
    """The organisation that files for another one, under its mandate (委任)."""

    organisation_id: UUID
    name: str
    corporate_number: str | None = None
    verified: bool = True


class Applicant(Part):
    """The organisation that files, or for which an `agent` files. `verified`: somebody checked who it is."""

    organisation_id: UUID
    name: str
    corporate_number: str | None = None
    verified: bool = True
    agent: Agent | None = None
    kind: str = Field(default="", description="corporation, sole-proprietor, association or ministry")


class Parties(Part):
    """Whose application it is: the organisation, and the agent that filed it under a mandate. Older services leave it out."""

    organisation_id: UUID
    agent_id: UUID | None = None


class Mend(Part):
    """One place of an application that needs mending, said in both languages. `pointer` is a JSON Pointer into the answers."""

    pointer: str
    ja: str
    en: str


class Duplicate(Part):
    """Another application of the same corporation, in force or open, that is the same by the procedure's keys, or nearly so."""

    application_id: UUID
    receipt_number: str
    filed_at: datetime
    kind: Literal["exact", "near"]


class Official(Part):
    """An official, as far as others need to know."""

    id: UUID
    name: str
    email: str


class CorrectionItem(Part):
    """One place to mend, as the official says it. `pointer` is a JSON Pointer into the answers."""

    pointer: str
    says: str


class AttachedFile(Part):
    """A file that goes with a message. It lies in the storage that both sides share, and was scanned where files are."""

    id: UUID
    name: str
    size: int
    type: str
    sha256: str
