"""What the post knows of procedures: their titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.notify.models import Procedure
from shared.events import ProcedurePublished


def keep_procedure(session: Session, events: list[ProcedurePublished]) -> None:
    """Keep the newest title of each procedure, and where its cases may go."""
    for event in events:
        new = insert(Procedure).values(
            id=event.procedure.id,
            version=event.procedure.version,
            title=event.definition["title"],
            groups=_groups(event.definition),
        )
        session.execute(
            new.on_conflict_do_update(
                index_elements=["id"],
                set_={"version": new.excluded.version, "title": new.excluded.title, "groups": new.excluded.groups},
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


def _groups(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The groups that a procedure's routes name, and all offices with prefectures where one goes by those; with their titles."""
    routes = definition.get("review", {}).get("route", [])
    offices = {office["key"]: office for office in definition.get("offices", [])}
    named = {route["to"] for route in routes if route.get("to")}
    if any(route.get("to-office-of") for route in routes):
        named |= {key for key, office in offices.items() if office.get("prefectures")}
    return {key: offices.get(key, {}).get("title", {}) for key in sorted(named)}
