"""Applications after their filing: what their organisation sees of them, and how they move from state to state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from services.intake.models import Application, Purged, Revision, Step
from services.intake.rights.reach import within
from shared.database import new_id
from shared.identity.callers import Caller
from shared.problems import Gone, NotFound
from shared.sealing.columns import seal_document

# how the office may decide
DECIDED = frozenset({"approved", "partly_approved", "refused", "accepted"})
# state → the states that may follow
TRANSITIONS: dict[str, frozenset[str]] = {
    "filed": frozenset({"arrived", "returned", "withdrawn"}),
    "returned": frozenset(),
    "arrived": frozenset({"in_review", "withdrawing"}),
    "in_review": frozenset({"in_review", "correcting", "withdrawing"} | DECIDED),
    # asked to mend something (補正, docs/adr/0012); again while it is extended or expires
    "correcting": frozenset({"correcting", "in_review", "withdrawing"} | DECIDED),
    # asked for; whether the decision came first is up to the desk (docs/adr/0007)
    "withdrawing": frozenset({"withdrawn"} | DECIDED),
    "withdrawn": frozenset(),
} | dict.fromkeys(DECIDED, frozenset())


class IllegalMove(Exception):
    """A move that the table of transitions does not have: a mistake of the program, never of a caller."""


@dataclass(frozen=True)
class Move:
    """A step to be noted: the application's next state, and what the applicant sees of it."""

    application_id: UUID
    version: int
    state: str
    at: datetime
    detail: dict[str, Any]
    arrival_number: str | None = None
    notice: str | None = None
    notice_id: UUID | None = None
    due_on: date | None = None


# What the organisation does itself is no news to it.
_OWN = {"withdrawing", "answered"}


def move(
    application: Application,
    state: str,
    at: datetime,
    *,
    arrival_number: str | None = None,
    expected: date | None = None,
    **detail: Any,
) -> Move:
    """The move of an application into its next state, to be written with `note`. Raises IllegalMove."""
    if state not in TRANSITIONS[application.state]:
        raise IllegalMove(f"{application.state} → {state}")
    kind = detail.get("what", state)
    notice, notice_id = (None, None) if kind in _OWN else (kind, new_id())
    return Move(application.id, application.version + 1, state, at, detail, arrival_number, notice, notice_id, expected)


_NOTE = text("""
with moved as (
  select * from json_to_recordset(cast(:moves as json)) as m(
    application_id uuid, version bigint, state text, at timestamptz, detail jsonb, arrival_number text,
    notice text, notice_id uuid, due_on date)
), told as (
  insert into intake.notice (id, organisation_id, application_id, kind, at)
  select m.notice_id, a.organisation_id, a.id, m.notice, m.at
  from moved m join intake.application a on a.id = m.application_id where m.notice is not null
), updated as (
  update intake.application a
  set state = m.state, version = m.version, arrival_number = coalesce(m.arrival_number, a.arrival_number),
      due_on = coalesce(m.due_on, a.due_on)
  from moved m where a.id = m.application_id
)
insert into intake.step (application_id, version, state, at, detail)
select application_id, version, state, at, detail from moved
""")


def note(session: Session, moves: Sequence[Move]) -> None:
    """Write moves of locked applications: their new state, a step of their timeline each, and a notice of it."""
    sealed = [replace(one, detail=seal_document("intake.step.detail", one.detail)) for one in moves]
    session.execute(_NOTE, {"moves": orjson.dumps(sealed).decode()})


_EXPECT = text("""
update intake.application a set due_on = said.due_on
from json_to_recordset(cast(:said as json)) as said(id uuid, due_on date) where a.id = said.id
""")


def expect(session: Session, said: Mapping[str, date | None]) -> None:
    """Keep by when the desk means to decide these applications."""
    session.execute(_EXPECT, {"said": orjson.dumps([{"id": one, "due_on": day} for one, day in said.items()]).decode()})


def locked(session: Session, ids: Sequence[str], *, whole: bool = False) -> dict[str, Application]:
    """Applications by id, locked until the transaction ends. Unless `whole`, only their state and version are at hand."""
    found = session.exec(
        select(Application)
        .options(*([] if whole else [load_only(Application.state, Application.version, raiseload=True)]))  # type: ignore[arg-type] # SQLModel types columns as their values
        .where(col(Application.id).in_([UUID(one) for one in ids]))
        .order_by(col(Application.id))
        .with_for_update()
    )
    return {str(application.id): application for application in found}


def listed(session: Session, caller: Caller, *, limit: int = 50, before: UUID | None = None) -> Sequence[Application]:
    """The applications that the caller reaches, newest first; `before` is the last id of the page before."""
    query = select(Application).where(within(session, caller, Application))
    if before is not None:
        query = query.where(col(Application.id) < before)
    return session.exec(query.order_by(col(Application.id).desc()).limit(limit)).all()


def shown(session: Session, caller: Caller, application_id: UUID) -> tuple[Application, Sequence[Step]]:
    """One application that the caller reaches, and its steps after filing. Raises NotFound, and Gone once it was purged."""
    application = session.exec(
        select(Application).where(Application.id == application_id, within(session, caller, Application))
    ).first()
    if application is None:
        if purged(session, [application_id]):
            raise Gone("The time for which this application is kept (保存期間) is over, and it was deleted")
        raise NotFound("No application of your organisation has the id {id}", id=application_id)
    steps = session.exec(select(Step).where(Step.application_id == application_id).order_by(col(Step.version))).all()
    return application, steps


def purged(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those of these applications that were purged: nothing is made of them again."""
    return set(session.exec(select(Purged.application_id).where(col(Purged.application_id).in_(ids)))) if ids else set()


def contents(session: Session, application: Application, number: int | None = None) -> dict[str, Any]:
    """The answers that hold now, or held as revision `number`; the first are those that were filed."""
    wanted = number or application.revision
    if wanted == 1:
        return application.answers
    return session.get_one(Revision, (application.id, wanted)).answers


def revisions(session: Session, application: Application) -> Sequence[Revision]:
    """The contents that were sent in after corrections, in their order."""
    if application.revision == 1:
        return ()
    return session.exec(select(Revision).where(Revision.application_id == application.id).order_by(col(Revision.number))).all()
