"""The contents of a case as the applicant sent them in, in their revisions (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from services.review.models import Case, Revision


def at(session: Session, case: Case, number: int) -> Mapping[str, Any]:
    """The answers of a case in their revision `number`."""
    return case.answers if number == case.revision else session.get_one(Revision, (case.id, number)).answers


def every(session: Session, case: Case) -> list[Mapping[str, Any]]:
    """The contents of a case: those of today, then those before and those that came too late."""
    earlier = session.exec(select(Revision).where(Revision.case_id == case.id).order_by(col(Revision.number).desc()))
    return [case.answers, *(one.answers for one in earlier)]
