"""Cases, their contents, and the procedures they follow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, event, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp
from shared.sealing.blind import whose
from shared.sealing.columns import SealedJSON, SealedText


class Procedure(ReviewRecord, table=True):
    """A published version of a procedure, as the desk heard of it."""

    __tablename__ = "procedure"

    id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    definition: dict[str, Any] = Field(sa_type=JSONB)


DECISIONS = "decision in ('approve', 'approve-in-part', 'refuse', 'accept')"


class Case(ReviewRecord, table=True):
    """The review of one application: with a group, and an official of it."""

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("state in ('open', 'correcting', 'decided', 'withdrawn')", name="state"),
        CheckConstraint(DECISIONS, name="decision"),
        CheckConstraint(
            "(state = 'decided') = (decision is not null and decided_at is not null and decided_by is not null)", name="decided"
        ),
        Index(None, "group", "id"),
        # deadlines, and what the board counts: it reads this index alone
        Index(
            "case_due_idx",
            *("group", "due_on", "state", "procedure_id", "official_id", "arrived_at", "stage"),
            postgresql_where=text("state in ('open', 'correcting')"),
        ),
        Index(
            "case_decided_idx",
            *("group", "decided_at", "procedure_id", "took_days"),
            postgresql_where=text("state = 'decided'"),
        ),
        # what the errand of the clock looks for
        Index("case_tell_idx", "tell_on", postgresql_where=text("state in ('open', 'correcting') and tell_on is not null")),
        Index("case_counted_idx", "counted_by", postgresql_where=text("state in ('open', 'correcting')")),
        Index("case_uncounted_idx", "id", postgresql_where=text("state = 'decided' and took_days is null")),
        # the load of each official
        Index("case_load_idx", "official_id", postgresql_where=text("state = 'open'")),
        # those that nobody could take
        Index("case_unassigned_idx", "group", "id", postgresql_where=text("official_id is null and state = 'open'")),
        # lists in the order of arrival, each narrowed by one thing (services/review/finding)
        Index("case_arrived_at_id_idx", "arrived_at", "id"),
        Index("case_group_arrived_at_id_idx", "group", "arrived_at", "id"),
        Index("case_procedure_id_arrived_at_id_idx", "procedure_id", "arrived_at", "id"),
        Index("case_official_id_arrived_at_id_idx", "official_id", "arrived_at", "id"),
        Index("case_unfinished_idx", "group", "arrived_at", "id", postgresql_where=text("state in ('open', 'correcting')")),
        Index("case_unfinished_arrived_idx", "arrived_at", "id", postgresql_where=text("state in ('open', 'correcting')")),
        Index("case_due_on_id_idx", "due_on", "id", postgresql_where=text("state in ('open', 'correcting')")),
        Index("case_correcting_idx", "arrived_at", "id", postgresql_where=text("state = 'correcting'")),
        Index("case_withdrawn_idx", "arrived_at", "id", postgresql_where=text("state = 'withdrawn'")),
        Index("case_decision_arrived_at_id_idx", "decision", "arrived_at", "id", postgresql_where=text("decision is not null")),
        Index(
            "case_ended_idx",
            text("coalesce(decided_at, withdrawn_at)"),
            postgresql_where=text("state in ('decided', 'withdrawn') and anonymised_at is null"),
        ),
        Index(None, "receipt_number"),
        Index(None, "arrival_number"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    application_id: UUID = Field(unique=True)
    procedure_id: str
    procedure_version: int
    receipt_number: str
    arrival_number: str
    arrived_at: datetime = timestamp()
    applicant: dict[str, Any] = Field(sa_type=JSONB, description="shared.events.Applicant")
    contact: dict[str, Any] = Field(sa_type=SealedJSON("review.case.contact"), description="shared.events.Contact")
    contact_hash: bytes | None = Field(default=None, description="set by `contact`: whose it is (shared.sealing.blind.whose)")
    answers: dict[str, Any] = Field(sa_type=SealedJSON("review.case.answers"))
    revision: int = Field(
        default=1,
        sa_column=Column(BigInteger, nullable=False, server_default=text("1")),
        description="which contents `answers` are: 1 as filed, more after corrections",
    )
    duplicates: list[dict[str, Any]] = Field(sa_type=JSONB, default_factory=list, description="shared.events.Duplicate")
    group: str
    official_id: UUID | None = None
    official_name: str = ""
    assigned_because: dict[str, Any] | None = Field(
        default=None,
        sa_column=Column(JSONB(none_as_null=True), nullable=True),
        description="services.review.assignment.assignment.because; none for what was opened before it was kept",
    )
    state: str = "open"
    stage: str = Field(
        default="review",
        sa_column_kwargs={"server_default": "review"},
        description="where in the procedure's stages; the last for a closed one",
    )
    stage_role: str = Field(
        default="examiner", sa_column_kwargs={"server_default": "examiner"}, description="the duty that the stage needs"
    )
    stage_deciders: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")),
        description="in the last stage, the duties that may decide: its own, and those by 専決",
    )
    stage_deputy: str | None = Field(
        default=None, description="the duty that decides there while all with its own are absent (代決)"
    )
    stage_since: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    version: int = Field(default=1, description="counts the moves; the sequence of the events about it")
    due_on: date | None = Field(
        default=None, description="the last day of the standard period; none while its clock stands, or where there is none"
    )
    near_on: date | None = Field(default=None, description="from this day on the last one is near")
    tell_on: date | None = Field(default=None, description="when somebody is to be told of the last day next")
    warned_for: date | None = Field(default=None, description="the last day of which the official was warned")
    escalated_for: date | None = Field(default=None, description="the last day whose passing was told")
    counted_by: str = Field(
        default="",
        sa_column=Column(Text, nullable=False, server_default=text("''")),
        description="the calendar that due_on was counted by (shared.workdays.CALENDAR)",
    )
    took_days: int | None = Field(default=None, description="days of its standard period that a decided case has used")
    opened_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    decision: str | None = None
    reasons: str = Field(default="", sa_type=SealedText("review.case.reasons"))
    amount: int | None = Field(
        default=None, sa_column=Column(BigInteger, nullable=True), description="what is granted, in yen, where that is decided"
    )
    conditions: list[str] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")), default_factory=list, description="of an approval"
    )
    criteria: list[str] = Field(
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'")),
        default_factory=list,
        description="keys of the criteria that a refusal cites",
    )
    decided_as: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="the duty it was decided with: an approver's, a delegate's (専決) or a deputy's (代決)",
    )
    decided_by: UUID | None = None
    decided_at: datetime | None = timestamp(default=None)
    withdrawn_at: datetime | None = timestamp(default=None)
    withdrawal_reason: str | None = Field(default=None, sa_type=SealedText("review.case.withdrawal_reason"))
    anonymised_at: datetime | None = timestamp(default=None, description="then nobody sees it any more, and it is only counted")


@event.listens_for(Case.contact, "set")
def _hash_contact(case: Case, contact: dict[str, Any], _before: Any, _initiator: Any) -> None:
    case.contact_hash = whose(contact["email"]) if contact else None


class Revision(ReviewRecord, table=True):
    """The contents of a case that was corrected, each as it was; never changed again."""

    __tablename__ = "revision"

    case_id: UUID = of_case(primary_key=True)
    number: int = Field(primary_key=True)
    answers: dict[str, Any] = Field(sa_type=SealedJSON("review.revision.answers"))
    at: datetime = timestamp()
    edited_by: str = Field(
        default="",
        sa_column=Column(Text, nullable=False, server_default=text("''")),
        description="the official who changed them; else the applicant sent them in",
    )
    reason: str = Field(
        default="", sa_column=Column(SealedText("review.revision.reason"), nullable=False, server_default=text("''"))
    )
