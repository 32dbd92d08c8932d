"""Which cases an official sees, and what his duties in them are. Who has no duty in a group sees nothing of it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Uuid, column, select, table
from sqlmodel import Session, col

from services.review.models import Case
from shared.identity.callers import Caller
from shared.procedure.reviewing import APPROVER, EXAMINER, MANAGER

_OFFICIAL = table("official", column("account_id", Uuid), column("group"), schema="identity")


def visible(caller: Caller) -> ColumnElement[bool]:
    """The condition in every query about cases: those the caller may see."""
    return col(Case.group).in_(select(_OFFICIAL.c.group).where(_OFFICIAL.c.account_id == caller.account_id))


def duties(session: Session, caller: Caller, group: str, procedure_id: str) -> frozenset[str]:
    """The caller's duties in a group for a procedure, such as `examiner`, `approver` or `manager`."""
    del procedure_id  # a member of a group has all duties in it
    mine = select(_OFFICIAL.c.group).where(_OFFICIAL.c.account_id == caller.account_id, _OFFICIAL.c.group == group)
    return frozenset({EXAMINER, APPROVER, MANAGER}) if session.execute(mine).first() else frozenset()
