"""Noting what people see and do, in the transaction in which they do it: act and trace are committed together, or neither is.

What is noted holds ids, counts and names of choices; never what an applicant or an official wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import Session

from shared.identity.callers import Caller
from shared.telemetry import current_traceparent

Detail = str | int | bool | date | UUID | None | Sequence[str] | Sequence[UUID]

# A person who looks at the same thing again within this time leaves no second entry.
SAME_LOOK = timedelta(minutes=5)
# Where a session remembers that something was noted in it: `services.review.app` asks, before it lets an answer out.
_NOTED = "audit.noted"

_COLUMNS = "account_id, account_name, duty, act, case_id, details, traceparent"
# An entry, and that it waits for its place in the chain. They travel as one JSON parameter, however many they are.
_NOTE = f"""
with given as (
  select * from json_to_recordset(cast(:rows as json)) as g (account_id uuid, account_name text, duty text, act text,
    case_id uuid, details jsonb, traceparent text)
), entry as (insert into review.audit_entry ({_COLUMNS}) select {_COLUMNS} from given {{only}} returning id)
insert into review.audit_waiting (entry_id) select id from entry
"""  # noqa: S608 - our own names
_NOTE_ALL = text(_NOTE.format(only=""))
_NOTE_NEW_LOOK = text(
    _NOTE.format(
        only="""where not exists (
          select from review.audit_entry e where e.case_id = given.case_id and e.account_id = given.account_id
             and e.act = given.act and e.details = given.details and e.at > now() - cast(:same as interval))"""
    )
)


@dataclass(frozen=True)
class Noted:
    """What `note_all` notes: the arguments of `note`."""

    act: str
    case_id: UUID | None
    caller: Caller | None = None
    duty: str = ""
    details: dict[str, Detail] = field(default_factory=dict)
    traceparent: str | None = None


def note(session: Session, caller: Caller | None, act: str, case_id: UUID | None, *, duty: str = "", **details: Detail) -> None:
    """Note an act, such as `case.decided`. Without a caller it is the desk's own, on hearing of an event: say of which one."""
    note_all(session, [Noted(act, case_id, caller, duty, details)])


def note_all(session: Session, acts: Iterable[Noted]) -> None:
    """Note many acts in one statement."""
    if rows := [_row(one) for one in acts]:
        session.execute(_NOTE_ALL, {"rows": orjson.dumps(rows).decode()})
    session.info[_NOTED] = True


def note_view(session: Session, caller: Caller, act: str, case_id: UUID, **details: Detail) -> None:
    """Note that somebody sees something of a case, such as `case.shown`.

    Looking at the same again within SAME_LOOK of the entry leaves no second one: one who reloads a page, or comes back from
    another, has looked once.
    """
    rows = orjson.dumps([_row(Noted(act, case_id, caller, details=details))]).decode()
    session.execute(_NOTE_NEW_LOOK, {"rows": rows, "same": SAME_LOOK})
    session.info[_NOTED] = True


def note_list(session: Session, caller: Caller, act: str, case_ids: Sequence[UUID], **details: Detail) -> None:
    """Note that somebody sees a list of cases, with what he chose and which cases it showed. An empty one shows nobody's data."""
    if case_ids:
        note_all(session, [Noted(act, None, caller, details={**details, "count": len(case_ids), "cases": case_ids})])
    session.info[_NOTED] = True


def is_noted(session: Session) -> bool:
    """Whether anything was noted in this session's transaction."""
    return bool(session.info.get(_NOTED))


def _row(one: Noted) -> dict[str, Any]:
    return {
        "account_id": one.caller.account_id if one.caller else None,
        "account_name": one.caller.name if one.caller else "",
        "duty": one.duty,
        "act": one.act,
        "case_id": one.case_id,
        "details": one.details,
        "traceparent": one.traceparent or current_traceparent(),
    }
