"""Who had a case when and why; who must not have it; who is away."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case
from shared.database import new_id, timestamp


class Handing(ReviewRecord, table=True):
    """A case was given to an official, or to nobody: from whom, by whom and why."""

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint(
            "how in ('rules', 'taken', 'released', 'reassigned', 'handed-over', 'rebalanced', 'conflict')", name="how"
        ),
        Index(None, "case_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = of_case()
    from_id: UUID | None = None
    from_name: str = ""
    to_id: UUID | None = None
    to_name: str = ""
    by_id: UUID | None = Field(default=None, description="none for what the desk did by the rules")
    by_name: str = ""
    at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    how: str
    note: str = ""
    because: dict[str, Any] = Field(sa_type=JSONB, default_factory=dict)


class Conflict(ReviewRecord, table=True):
    """Whom an official must not decide on: he is never given the cases of this party, and does not see them."""

    __tablename__ = "conflict"
    __table_args__ = (
        CheckConstraint("kind in ('corporate-number', 'organisation', 'case')", name="kind"),
        Index("conflict_open_idx", "account_id", "party", unique=True, postgresql_where=text("ended_at is null")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID
    kind: str
    party: str = Field(description="a corporate number, or the id of an organisation or a case")
    reason: str
    declared_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
    declared_by: UUID
    declared_by_name: str
    ended_at: datetime | None = timestamp(default=None)
    ended_by: UUID | None = None


class Absence(ReviewRecord, table=True):
    """Days on which an official is away, both included: no new cases are given to him."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="days"),
        CheckConstraint("deputy_id <> account_id", name="deputy"),
        Index(None, "account_id", "ends_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID
    starts_on: date
    ends_on: date
    deputy_id: UUID | None = None
    deputy_name: str = ""
    noted_by: UUID
    noted_at: datetime = timestamp(sa_column_kwargs={"server_default": func.now()})
