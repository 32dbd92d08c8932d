"""Absences: on these days an official is given no new cases; a deputy stands in for him."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.audit.audit import note
from services.review.cases.rights import duties
from services.review.models import Absence
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.identity.personal import NAME
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.procedure.reviewing import MANAGER

LONGEST = timedelta(days=2 * 366)
MOST = 50
_GROUPS = text('select "group", name from identity.official where account_id = :id order by 1').columns(name=NAME)

_COLLEAGUES = text("""
select distinct o.account_id, o.name from identity.official o join identity.official mine on mine."group" = o."group"
where mine.account_id = :id and o.account_id <> :id
""").columns(name=NAME)


def today() -> date:
    """The day in Japan."""
    return datetime.now(JST).date()


def coming(session: Session, officials: Iterable[UUID]) -> Sequence[Absence]:
    """The absences of officials that are not over, in their order."""
    query = select(Absence).where(col(Absence.account_id).in_(list(officials)), Absence.ends_on >= today())
    return session.exec(query.order_by(col(Absence.starts_on), col(Absence.id))).all()


def add(
    session: Session, caller: Caller, starts_on: date, ends_on: date, *, official: UUID | None = None, deputy: UUID | None = None
) -> Absence:
    """Note that an official is away on these days, both included: one's own, or as a manager another's.

    A deputy decides in the official's place (代決): for somebody else, a manager names neither himself nor anybody of groups that
    he does not manage. Raises Invalid, NotFound, Forbidden, Conflict.
    """
    who = official or caller.account_id
    groups = _may_note(session, caller, who)
    if ends_on < starts_on or ends_on < today() or ends_on - starts_on > LONGEST:
        raise Invalid("These days cannot be noted", errors=[FieldError("/ends_on", "Choose a day after the first, not yet over")])
    standing_in = session.execute(_GROUPS, {"id": deputy}).all() if deputy else []
    if deputy and (deputy in {who, caller.account_id} or not groups & {row.group for row in standing_in}):
        raise Invalid("These days cannot be noted", errors=[FieldError("/deputy", "Choose a colleague of the same group")])
    if len(coming(session, [who])) >= MOST:
        raise Conflict("At most {most} absences", most=MOST)
    made = Absence(
        account_id=who,
        starts_on=starts_on,
        ends_on=ends_on,
        deputy_id=deputy,
        deputy_name=standing_in[0].name if standing_in else "",
        noted_by=caller.account_id,
    )
    session.add(made)
    session.flush()
    note(session, caller, "absence.noted", None, absence=made.id, official=who)
    return made


def remove(session: Session, caller: Caller, absence_id: UUID) -> None:
    """Take an absence back. Raises NotFound."""
    found = session.get(Absence, absence_id, with_for_update=True)
    try:
        if found is None:
            raise NotFound("No absence has the id {id}", id=absence_id)
        _may_note(session, caller, found.account_id)
    except Forbidden:
        raise NotFound("No absence has the id {id}", id=absence_id) from None
    session.delete(found)
    session.flush()
    note(session, caller, "absence.removed", None, absence=absence_id, official=found.account_id)


def colleagues(session: Session, caller: Caller) -> dict[UUID, str]:
    """Who could stand in for the caller: those of his groups, by name."""
    found = session.execute(_COLLEAGUES, {"id": caller.account_id})
    return {row.account_id: row.name for row in sorted(found, key=lambda row: (row.name, row.account_id))}


def _may_note(session: Session, caller: Caller, official: UUID) -> set[str]:
    """The official's groups for himself; for a manager, those that he manages. Raises NotFound, Forbidden."""
    groups = {row.group for row in session.execute(_GROUPS, {"id": official})}
    if not groups:
        raise NotFound("No official has the id {id}", id=official)
    if official == caller.account_id:
        return groups
    if managed := {group for group in groups if MANAGER in duties(session, caller, group, EVERY_PROCEDURE)}:
        return managed
    raise Forbidden("Only a manager of this group can do this")
