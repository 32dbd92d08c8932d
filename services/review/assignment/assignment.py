"""Who gets a case: the desks of the officials as the database has them, and cases shared out among them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, text
from sqlmodel import Session, select

from services.review.assignment.parties import parties
from services.review.assignment.sharing import Chosen, Desk, Wanting
from services.review.models import Case
from services.review.procedures import version
from shared.events import Official, ProcedureRef
from shared.i18n import JST
from shared.identity.personal import EMAIL, NAME

# The lock makes two batches share out a group's cases one after the other, so that both see the other's.
_LOCK = text(
    "select pg_advisory_xact_lock(hashtextextended('review.assignment:' || g, 0)) from unnest(cast(:groups as text[])) g"
)
_DESKS = text("""
select o.account_id, o.name, o.email, o."group", o.skills,
       o.takes_cases, exists (
         select from review.absence a where a.account_id = o.account_id and :today between a.starts_on and a.ends_on) as away,
       review.load_of(o.account_id) as load,
       array(select k.party from review.conflict k where k.account_id = o.account_id and k.ended_at is null) as conflicts
from identity.official o where o."group" = any(:groups) order by o.account_id, o."group"
""").columns(name=NAME, email=EMAIL)
_DUTIES = text("""select account_id, "group", procedure, role from identity.duty_of where "group" = any(:groups)""")


def lock(session: Session, groups: Iterable[str]) -> None:
    """Nobody else shares out cases of these groups until this transaction ends."""
    session.execute(_LOCK, {"groups": sorted(groups)})


def lock_groups_of(session: Session, *which: ColumnElement[bool] | bool) -> None:
    """The same for the groups of some cases. Groups are locked before cases, and cases by their ids: nobody waits in a circle."""
    lock(session, set(session.exec(select(Case.group).where(*which).distinct())))


def desks(session: Session, groups: Iterable[str]) -> dict[UUID, Desk]:
    """The officials of these groups with their present load. Who shares out cases locks the groups first."""
    names = sorted(groups)
    found: dict[UUID, Desk] = {}
    for row in session.execute(_DESKS, {"groups": names, "today": datetime.now(JST).date()}):
        desk = found.get(row.account_id)
        if desk is None:
            official = Official(id=row.account_id, name=row.name, email=row.email)
            desk = Desk(official, row.load, conflicts=frozenset(row.conflicts) | {row.email.lower()}, away=row.away)
            found[row.account_id] = desk
        desk.skills[row.group] = frozenset(row.skills)
        if row.takes_cases:
            desk.takes.add(row.group)
    for row in session.execute(_DUTIES, {"groups": names}):
        if row.account_id in found:
            found[row.account_id].duties.add((row.group, row.procedure, row.role))
    return found


def wanting(session: Session, case: Case) -> Wanting:
    """A case as it is shared out: by its first stage's duty and by the skills of the route that brought it here."""
    review = version(session, ProcedureRef(id=case.procedure_id, version=case.procedure_version)).review
    return Wanting(
        id=case.application_id,
        group=case.group,
        procedure=case.procedure_id,
        role=review.stages[0].role,
        skills=frozenset((case.assigned_because or {}).get("skills", ())),
        parties=parties(case.id, case.applicant, case.contact),
    )


def because(chosen: Chosen, how: str, *, route: int | None, skills: Iterable[str]) -> dict[str, Any]:
    """Why a case lies where it lies, as it is kept with the case. `route` is the rule's number, from 0."""
    return {
        "how": how,
        "route": route,
        "skills": sorted(skills),
        "skilled": chosen.skilled,
        "candidates": chosen.candidates,
        "load": chosen.load,
    }
