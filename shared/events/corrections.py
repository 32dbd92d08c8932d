"""Corrections (補正), asked for and answered, and what an official changed himself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.cases import CaseEvent
from shared.events.envelope import Event
from shared.events.parts import Contact, CorrectionItem, Official, Parties, ProcedureRef


class CorrectionEvent(Event):
    """About a correction of one case (補正, 行政手続法7条). `due_on` is the last day, in Japan's time."""

    source: ClassVar[str] = "review"

    correction_id: UUID
    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    due_on: date
    parties: Parties | None = None
    group: str = Field(default="", description="the office that has the case")


class CorrectionRequested(CorrectionEvent):
    """The official asks the applicant to mend these places; the clock of the standard period stops."""

    type: ClassVar[str] = "correction.requested.v1"

    asked_at: datetime
    items: list[CorrectionItem]
    note: str = ""


class CorrectionExtended(CorrectionEvent):
    """The applicant has until another day."""

    type: ClassVar[str] = "correction.extended.v1"


class CorrectionReminded(CorrectionEvent):
    """The last day is near, and nothing was sent in yet."""

    type: ClassVar[str] = "correction.reminded.v1"


class CorrectionExpired(CorrectionEvent):
    """The last day is over and nothing was sent in: the official extends it, goes on without it, or decides."""

    type: ClassVar[str] = "correction.expired.v1"

    official: Official | None


class CorrectionClosed(CorrectionEvent):
    """The official goes on without the correction."""

    type: ClassVar[str] = "correction.closed.v1"

    note: str = ""


class ApplicationCorrected(Event):
    """The applicant sent in what was asked for: `answers` are the whole contents now, in their `revision` (from 2)."""

    type: ClassVar[str] = "application.corrected.v1"
    source: ClassVar[str] = "intake"

    correction_id: UUID
    revision: int
    answers: dict[str, Any]
    corrected_at: datetime
    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    replies: dict[str, str] = Field(default={}, description="what the applicant says to items, by their pointers")


class CaseCorrected(CaseEvent):
    """The desk has the mended contents. `late`: the case was decided on the earlier ones before they were heard of."""

    type: ClassVar[str] = "case.corrected.v1"

    official: Official | None
    revision: int
    late: bool = False


class CaseEdited(CaseEvent):
    """An official changed entries himself, as the procedure lets him: the contents have a new `revision`, for this `reason`."""

    type: ClassVar[str] = "case.edited.v1"

    contact: Contact
    revision: int
    before: dict[str, Any] = Field(description="the answers that differ, by the keys of their fields; computed ones too")
    after: dict[str, Any]
    reason: str
    author: str
    edited_at: datetime
    parties: Parties | None = None
    group: str = Field(default="", description="the office that has the case")
