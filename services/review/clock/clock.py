"""The clock of the standard period (標準処理期間, 行政手続法6条): it stands while the applicant mends (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from services.review.models import Case, Pause


def stop(session: Session, case: Case, at: datetime) -> None:
    """From now on the clock of a locked case stands; it may stand already."""
    running = select(Pause).where(Pause.case_id == case.id, col(Pause.ended_at).is_(None))
    if session.exec(running).first() is None:
        session.add(Pause(case_id=case.id, began_at=at))
        session.flush()


def go_on(session: Session, case: Case, at: datetime) -> None:
    """The clock of a locked case runs again; never from before it stopped."""
    running = update(Pause).where(col(Pause.case_id) == case.id, col(Pause.ended_at).is_(None))
    session.execute(running.values(ended_at=func.greatest(col(Pause.began_at), at)))


def pauses(session: Session, case: Case) -> list[Pause]:
    """The times in which the clock of a case stood, in their order; the last may still be running."""
    return list(session.exec(select(Pause).where(Pause.case_id == case.id).order_by(col(Pause.began_at))))


def run(case: Case, stood: Iterable[Pause], now: datetime) -> timedelta:
    """How long the clock of a case has run since its arrival, without its pauses; until its end, where it has one."""
    end = case.decided_at or case.withdrawn_at or now
    paused = sum(((min(one.ended_at or end, end) - min(one.began_at, end)) for one in stood), timedelta())
    return max(end - case.arrived_at - paused, timedelta())
