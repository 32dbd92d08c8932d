"""Messages between applicant and office."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.cases import CaseEvent
from shared.events.envelope import Event
from shared.events.parts import AttachedFile, Contact, Official, Parties, ProcedureRef


class MessageToOffice(Event):
    """Somebody of the organisation wrote to the official. `subject` is the message's id; it is about `application_id`."""

    type: ClassVar[str] = "message.to-office.v1"
    source: ClassVar[str] = "intake"

    application_id: UUID
    author: str
    text: str
    sent_at: datetime
    files: list[AttachedFile] = Field(default=[])


class MessageToApplicant(Event):
    """An official wrote to the applicant. `subject` is the message's id; it is about `application_id`."""

    type: ClassVar[str] = "message.to-applicant.v1"
    source: ClassVar[str] = "review"

    application_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    author: str
    text: str
    sent_at: datetime
    files: list[AttachedFile] = Field(default=[])
    parties: Parties | None = None
    group: str = Field(default="", description="the office that has the case")


class MessageTaken(CaseEvent):
    """The desk has a message of the applicant, for this official."""

    type: ClassVar[str] = "message.taken.v1"

    official: Official | None


class MessageReadByOffice(Event):
    """An official has seen a message of the applicant (`subject`)."""

    type: ClassVar[str] = "message.read-by-office.v1"
    source: ClassVar[str] = "review"

    read_at: datetime


class MessageReadByApplicant(Event):
    """Somebody of the organisation has seen a message of the office (`subject`)."""

    type: ClassVar[str] = "message.read-by-applicant.v1"
    source: ClassVar[str] = "intake"

    read_at: datetime
