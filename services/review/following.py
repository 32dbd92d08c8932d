"""A case follows its application: what the applicant does, the desk hears, in its order."""

from __future__ import annotations

from sqlmodel import Session

from services.review import revisions
from services.review.cases import open_case
from services.review.withdrawals import close_case
from shared.events import ApplicationArrived, ApplicationCorrected, WithdrawalAsked

Heard = ApplicationArrived | ApplicationCorrected | WithdrawalAsked


def follow_application(session: Session, events: list[Heard]) -> None:
    """Open cases for what arrived, take what was mended, close what is withdrawn."""
    if arrivals := [event for event in events if isinstance(event, ApplicationArrived)]:
        open_case(session, arrivals)
    if corrected := [event for event in events if isinstance(event, ApplicationCorrected)]:
        revisions.take(session, corrected)
    if askings := [event for event in events if isinstance(event, WithdrawalAsked)]:
        close_case(session, askings)
