"""What the post knows of procedures: their titles."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.notify.models import Procedure
from shared.events import ProcedurePublished


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


def titles_of(session: Session, wanted: Iterable[str]) -> dict[str, dict[str, str]]:
    """Their titles, by language. Raises LookupError for a procedure that was not heard of yet: its event is tried again later."""
    ids = set(wanted)
    rows = session.exec(select(Procedure).where(col(Procedure.id).in_(ids))) if ids else ()
    titles = {row.id: row.title for row in rows}
    if missing := ids - titles.keys():
        raise LookupError(f"procedures not heard of yet: {', '.join(sorted(missing))}")
    return titles
