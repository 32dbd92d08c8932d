"""What a caller reaches: what is his organisation's, and what its mandates let him see of others'."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_

from services.intake.models import Application, Draft
from shared.identity.callers import Caller
from shared.identity.mandates import Held, held
from shared.procedure.model import Procedure


def within(session: Session, caller: Caller, table: type[Application | Draft]) -> ColumnElement[bool]:
    """The condition for every query about applications or drafts.

    Of a principal's drafts an agent sees those that he began and may write; of his applications all, with the right to
    receive, else those that he filed.
    """
    own = col(table.organisation_id) == caller.organisation_id
    others = [_under(one, caller, table) for one in held(session, caller) if one.in_force]
    return or_(own, *(one for one in others if one is not None))


def principals(session: Session, caller: Caller, procedure: Procedure) -> list[Held]:
    """For whom the caller may begin an application now; each once."""
    found = [one for one in held(session, caller) if one.in_force and one.covers(procedure.procedure) and one.lets("prepare")]
    return list({one.principal_id: one for one in found if one.kind in procedure.applicants}.values())


def _under(mandate: Held, caller: Caller, table: type[Application | Draft]) -> ColumnElement[bool] | None:
    conditions = [col(table.organisation_id) == mandate.principal_id]
    if mandate.procedures is not None:
        conditions.append(col(table.procedure_id).in_(mandate.procedures))
    if table is Draft or not mandate.lets("receive"):
        if not mandate.lets("prepare" if table is Draft else "file"):
            return None
        conditions.append(col(table.agent_id) == caller.organisation_id)
    return and_(*conditions)
