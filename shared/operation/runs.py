"""Runs of scheduled work: noted when they begin and when they end, each in its own transaction, so that one that died is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, update
from sqlmodel import col, select

from shared.operation.tables import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlmodel import Session


def begin(session: Session, kind: str) -> UUID:
    """Note that a run of `kind`, such as backup.base, begins now, and commit. Its id is what `finish` wants."""
    run = Run(kind=kind)
    session.add(run)
    session.commit()
    return run.id


def tell(session: Session, run_id: UUID, report: dict[str, Any]) -> None:
    """Note how far a long run is, and commit."""
    session.execute(update(Run).where(col(Run.id) == run_id).values(report=report))
    session.commit()


def finish(session: Session, run_id: UUID, report: dict[str, Any], *, failed: bool = False) -> None:
    """Note how a run ended, and commit. `report` holds no personal data."""
    outcome = "failed" if failed else "done"
    session.execute(update(Run).where(col(Run.id) == run_id).values(ended_at=func.now(), outcome=outcome, report=report))
    session.commit()


def latest(session: Session, kind: str, *, outcome: str | None = None, most: int = 1) -> Sequence[Run]:
    """The newest runs of a kind, newest first: of all, or those with one outcome (running, done, failed)."""
    asked = select(Run).where(Run.kind == kind).order_by(col(Run.started_at).desc(), col(Run.id).desc()).limit(most)
    return session.exec(asked.where(Run.outcome == outcome) if outcome else asked).all()
