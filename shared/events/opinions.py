"""Opinions that officials ask for (意見照会)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event
from shared.events.parts import Contact, ProcedureRef


class OpinionEvent(Event):
    """About an opinion that is asked for on a case (`subject` is the opinion's id). `contact` is whom to write to about it."""

    source: ClassVar[str] = "review"

    case_id: UUID
    procedure: ProcedureRef
    contact: Contact
    path: str
    due_on: date
    group: str = Field(default="", description="the office that has the case")


class OpinionAsked(OpinionEvent):
    """An official asks somebody what he thinks. With a `link_id` from outside: the link's secret is derived by who sends it."""

    type: ClassVar[str] = "opinion.asked.v1"

    asked_by: str
    link_id: UUID | None = None


class OpinionReminded(OpinionEvent):
    """The last day is near, and nothing was answered yet."""

    type: ClassVar[str] = "opinion.reminded.v1"

    asked_by: str
    link_id: UUID | None = None


class OpinionWithdrawn(OpinionEvent):
    """The official does not want the opinion any more."""

    type: ClassVar[str] = "opinion.withdrawn.v1"

    asked_by: str


class OpinionAnswered(OpinionEvent):
    """Who was asked (`name`) answered, or revised his answer: the official who asked is told."""

    type: ClassVar[str] = "opinion.answered.v1"

    arrival_number: str
    name: str
    revised: bool = False


class OpinionExpired(OpinionEvent):
    """The last day is over and nothing was answered: the official who asked is told."""

    type: ClassVar[str] = "opinion.expired.v1"

    arrival_number: str
    name: str
