"""What a caller reaches: what is his organisation's, and what its mandates let him see of others'."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Text, any_, cast, exists
from sqlmodel import Session, and_, col, or_

from services.intake.models import Application, Attachment, Draft, Enclosure
from services.intake.rights.entitled import assured
from shared.identity.callers import Caller
from shared.identity.mandates import Held, acting, held
from shared.procedure.model import Procedure


def within(session: Session, caller: Caller, table: type[Application | Draft]) -> ColumnElement[bool]:
    """The condition for every query about applications or drafts.

    Of a principal's drafts an agent sees those that he began and may write; of his applications all, with the right to
    receive, else those that he filed.
    """
    own = col(table.organisation_id) == caller.organisation_id
    others = [_under(one, caller, table) for one in held(session, caller) if one.in_force]
    return or_(own, *(one for one in others if one is not None))


def files(session: Session, caller: Caller) -> ColumnElement[bool]:
    """The condition for attachments: those of his organisation, those that it sent under a mandate still in force, and those of
    the drafts and applications that he sees of a principal.
    """
    own = col(Attachment.organisation_id) == caller.organisation_id
    in_force = [one for one in held(session, caller) if one.in_force]
    if not in_force:
        return own
    for_whom = {one.principal_id for one in in_force if one.lets("prepare")}
    sent = and_(col(Attachment.agent_id) == caller.organisation_id, col(Attachment.organisation_id).in_(for_whom))
    filed = (
        exists()
        .where(col(Enclosure.attachment_id) == col(Attachment.id), col(Enclosure.application_id) == col(Application.id))
        .where(within(session, caller, Application))
    )
    # by its answers where these are not sealed: what an older version of the counter wrote has no `files`
    named = or_(col(Attachment.id) == any_(col(Draft.files)), cast(Draft.answers, Text).contains(cast(Attachment.id, Text)))
    drafted = exists().where(named, col(Draft.organisation_id) == col(Attachment.organisation_id), within(session, caller, Draft))
    return or_(own, sent, filed, drafted)


def sending_for(session: Session, caller: Caller, principal: UUID) -> Caller:
    """The caller as he sends a file for a principal, for whom he may prepare some procedure. Raises Forbidden."""
    under = [one for one in held(session, caller) if one.principal_id == principal and one.in_force and one.lets("prepare")]
    covered = next((procedure for one in under for procedure in one.procedures or [""]), "")
    return acting(session, caller, principal, covered, "prepare")


def principals(session: Session, caller: Caller, procedure: Procedure) -> list[Held]:
    """For whom the caller may begin an application now; each once."""
    found = [one for one in held(session, caller) if one.in_force and one.covers(procedure.procedure) and one.lets("prepare")]
    return list({one.principal_id: one for one in found if _known(one, caller, procedure)}.values())


def _known(mandate: Held, caller: Caller, procedure: Procedure) -> bool:
    """Whether the principal may file the procedure, and is known well enough, as is his agent."""
    mine = assured(caller.organisation_verified, caller.standing, procedure.sign_in)
    return mandate.kind in procedure.applicants and mine and assured(mandate.verified, "", procedure.sign_in)


def _under(mandate: Held, caller: Caller, table: type[Application | Draft]) -> ColumnElement[bool] | None:
    conditions = [col(table.organisation_id) == mandate.principal_id]
    if mandate.procedures is not None:
        conditions.append(col(table.procedure_id).in_(mandate.procedures))
    if table is Draft or not mandate.lets("receive"):
        if not mandate.lets("prepare" if table is Draft else "file"):
            return None
        conditions.append(col(table.agent_id) == caller.organisation_id)
    return and_(*conditions)
