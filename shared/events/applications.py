"""Procedures and applications, from filing to arrival: what the counter says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from shared.events.envelope import Event
from shared.events.parts import Applicant, Contact, Duplicate, Mend, Parties, ProcedureRef


class ProcedurePublished(Event):
    """A version of a procedure is in force. `definition` is the whole of it, as shared.procedure reads it."""

    type: ClassVar[str] = "procedure.published.v1"
    source: ClassVar[str] = "intake"
    personal: ClassVar[bool] = False

    procedure: ProcedureRef
    definition: dict[str, Any]


class ApplicationFiled(Event):
    """An application was recorded in the agency's file (デジタル手続法6条3項); its format is not checked yet.

    What was filed stays with intake until it arrives: nobody else has a use for it before.
    """

    type: ClassVar[str] = "application.filed.v1"
    source: ClassVar[str] = "intake"
    personal: ClassVar[bool] = False

    receipt_number: str
    procedure: ProcedureRef


class ApplicationArrived(Event):
    """The format check passed: the application has its arrival number, and the agency's clock runs (行政手続法7条)."""

    type: ClassVar[str] = "application.arrived.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    arrival_number: str
    arrived_at: datetime
    procedure: ProcedureRef
    applicant: Applicant
    contact: Contact
    answers: dict[str, Any]
    duplicates: list[Duplicate] = Field(default=[])


class ApplicationReturned(Event):
    """The format check found what has to be mended; the application did not arrive."""

    type: ClassVar[str] = "application.returned.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    mends: list[Mend]
    parties: Parties | None = None


class WithdrawalAsked(Event):
    """The applicant wants back what the desk may have; whether the decision came first, the case tells (docs/adr/0007)."""

    type: ClassVar[str] = "withdrawal.asked.v1"
    source: ClassVar[str] = "intake"

    asked_at: datetime
    reason: str = ""


class ApplicationWithdrawn(Event):
    """An application was withdrawn for good; nobody decides on it any more."""

    type: ClassVar[str] = "application.withdrawn.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    withdrawn_at: datetime
    parties: Parties | None = None
