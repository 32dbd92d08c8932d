"""Public counts: how many applications were filed and how they ended, by procedure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.opendata.models import COUNTS, Procedure, ProcedureCount
from shared.events import (
    ApplicationArrived,
    ApplicationFiled,
    ApplicationReturned,
    ApplicationWithdrawn,
    CaseDecided,
    ProcedurePublished,
)

_COUNT_OF = {
    ApplicationFiled: "filed",
    ApplicationArrived: "arrived",
    ApplicationReturned: "returned",
    ApplicationWithdrawn: "withdrawn",
}
_COUNT_OF_DECISION = {"approve": "approved", "refuse": "refused", "accept": "accepted"}

Counted = ApplicationFiled | ApplicationArrived | ApplicationReturned | ApplicationWithdrawn | CaseDecided


def keep_procedure(session: Session, events: list[ProcedurePublished]) -> None:
    """Keep the newest title of each procedure."""
    for event in events:
        new = insert(Procedure).values(id=event.procedure.id, version=event.procedure.version, title=event.definition["title"])
        session.execute(
            new.on_conflict_do_update(
                index_elements=["id"],
                set_={"version": new.excluded.version, "title": new.excluded.title},
                where=col(Procedure.version) < new.excluded.version,
            )
        )


def count(session: Session, events: list[Counted]) -> None:
    """Count what happened. One batch at a time: every batch changes the same few rows, and two could lock each other."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('opendata.count', 0))"))
    new = Counter((event.procedure.id, _kind(event)) for event in events)
    for procedure_id in sorted({key for key, _ in new}):
        counts = {kind: new[procedure_id, kind] for kind in COUNTS}
        row = insert(ProcedureCount).values(procedure_id=procedure_id, **counts)
        added = {kind: getattr(ProcedureCount, kind) + row.excluded[kind] for kind in COUNTS}
        session.execute(row.on_conflict_do_update(index_elements=["procedure_id"], set_=added))


def _kind(event: Counted) -> str:
    return _COUNT_OF_DECISION[event.decision] if isinstance(event, CaseDecided) else _COUNT_OF[type(event)]


def by_procedure(session: Session) -> list[dict[str, Any]]:
    """Every procedure with its title in both languages and its counts."""
    rows = session.exec(
        select(Procedure, ProcedureCount)
        .join(ProcedureCount, col(ProcedureCount.procedure_id) == Procedure.id, isouter=True)
        .order_by(Procedure.id)
    )
    return [
        {"id": procedure.id, "title": procedure.title, **{kind: getattr(counted, kind, 0) for kind in COUNTS}}
        for procedure, counted in rows
    ]
