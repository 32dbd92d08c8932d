"""Cases, from their opening to the decision: what the desk says."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event
from shared.events.parts import Contact, Official, Parties, ProcedureRef


class CaseEvent(Event):
    """About a case."""

    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef


class OfficeEvent(CaseEvent):
    """About a case and the office that has it, by its key and by its title in Japanese."""

    group: str
    group_title: str


class PeriodEvent(OfficeEvent):
    """About the last day of a case's standard period (標準処理期間)."""

    official: Official | None
    managers: list[Official] = Field(default=[])
    due_on: date


class CaseOpened(OfficeEvent):
    """The review began: the application has a case with a group and, where one was free, an official."""

    type: ClassVar[str] = "case.opened.v1"

    official: Official | None
    due_on: date | None = Field(default=None, description="the last day of the standard period (標準処理期間), in Japan")
    parties: Parties | None = None


class CaseRescheduled(Event):
    """The standard period of a case (標準処理期間) ends on another day, because its clock stood. None: there is no such day."""

    type: ClassVar[str] = "case.rescheduled.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    due_on: date | None


class CaseDueSoon(PeriodEvent):
    """The standard period of a case ends soon (行政手続法6条): told to its official, or to managers where it has none."""

    type: ClassVar[str] = "case.due-soon.v1"


class CaseOverdue(PeriodEvent):
    """The standard period of a case is over and it is not decided: told to its official and the managers of its group."""

    type: ClassVar[str] = "case.overdue.v1"


class CaseDecided(CaseEvent):
    """The office decided. A refusal carries its reasons (行政手続法8条) and how to appeal (行政不服審査法82条).

    `partly`: it is approved in part, and refused for the rest. `amount` is granted, in yen. `criteria` are those it cites.
    """

    type: ClassVar[str] = "case.decided.v1"

    contact: Contact
    decision: Literal["approve", "refuse", "accept"]
    decided_at: datetime
    reasons: str = ""
    appeal: str = ""
    revision: int = Field(default=1, description="which contents it was decided on: 1 as filed, more after corrections")
    partly: bool = False
    amount: int | None = None
    conditions: list[str] = Field(default=[])
    criteria: list[str] = Field(default=[])
    parties: Parties | None = None
    group: str = Field(default="", description="the office that has the case")


class CaseWithdrawn(CaseEvent):
    """The applicant withdrew before the decision: the case is closed. `official` had it, if anybody did."""

    type: ClassVar[str] = "case.withdrawn.v1"

    official: Official | None
    withdrawn_at: datetime
    reason: str = ""
    parties: Parties | None = None


class CaseAssigned(OfficeEvent):
    """A case went from an official to another, or to nobody. `by` did it; nobody, where the desk did it by the rules."""

    type: ClassVar[str] = "case.assigned.v1"

    official: Official | None
    former: Official | None
    how: str = Field(description="rules, taken, released, reassigned, handed-over, rebalanced or conflict")
    by: str = ""
    by_id: UUID | None = None
    note: str = ""


class CaseAwaiting(OfficeEvent):
    """A case came into another stage and waits for `people`: its official, or where he cannot do it everybody who can.

    `stage` is its title in Japanese; `by` moved the case.
    """

    type: ClassVar[str] = "case.awaiting.v1"

    stage: str
    people: list[Official]
    by: str
