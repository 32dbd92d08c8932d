"""What cases are found by: a text of their own, and what it is made of. A trigger marks what is stale; an errand renews it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.review.models.base import ReviewRecord, of_case


class Finding(ReviewRecord, table=True):
    """The text of a case to search in (services/review/finding/keys.py), and the amount that is applied for."""

    __tablename__ = "finding"
    __table_args__ = (
        Index("finding_anew_idx", "case_id", postgresql_where=sql("stale or not keyed")),
        Index("finding_asked_idx", "asked", postgresql_where=sql("asked is not null")),
    )

    case_id: UUID = of_case(primary_key=True)
    text: str = Field(default="", sa_column_kwargs={"server_default": ""})
    asked: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True), description="in yen")
    stale: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=sql("true")))
    keyed: bool = Field(
        default=False,
        sa_column=Column(Boolean, nullable=False, server_default=sql("false")),
        description="whether the text has tokens in place of what tells of persons",
    )


class FindingGrams(ReviewRecord, table=True):
    """The pairs of signs in the text of a case, as numbers.

    Apart from the text, because an index of several values is of no use under row-level security: PostgreSQL must not show an
    operator that is not leakproof what the caller may not see. Nothing here can be read by people.
    """

    __tablename__ = "finding_grams"
    __table_args__ = (Index("finding_grams_grams_idx", "grams", postgresql_using="gin"),)

    case_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("review.finding.case_id", ondelete="CASCADE"), primary_key=True))
    grams: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
