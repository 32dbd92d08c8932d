"""Cases, as officials see them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.audit.audit import note_view
from services.review.cases.rights import visible
from services.review.models import Case, Purged
from services.review.procedures import version
from shared.events import Official, Parties, ProcedureRef
from shared.identity.callers import Caller
from shared.identity.personal import EMAIL, NAME
from shared.problems import Gone, NotFound
from shared.procedure.model import Procedure

_OFFICIALS = text("select distinct account_id, name, email from identity.official where account_id = any(:ids)").columns(
    name=NAME, email=EMAIL
)


def shown(session: Session, caller: Caller, case_id: UUID, *, lock: bool = False) -> Case:
    """One case of the caller's groups; it is noted that he sees it. Raises NotFound, and Gone once it was purged.

    Who locks it does something with it, and notes that: see `services.review.cases.moves.acting`.
    """
    query = select(Case).where(Case.id == case_id, visible(caller))
    # what the session read before it waited for the lock is not what holds
    locking = query.with_for_update().execution_options(populate_existing=True)
    case = session.exec(locking if lock else query).first()
    if case is None:
        if session.get(Purged, case_id) is not None:
            raise Gone("The time for which this case is kept (保存期間) is over, and it was deleted")
        raise NotFound("No case of your groups has the id {id}", id=case_id)
    if not lock:
        note_view(session, caller, "case.shown", case.id)
    return case


def ids_of(session: Session, caller: Caller, application_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The cases of applications, as far as they lie with the caller's groups: application → case."""
    query = select(Case.application_id, Case.id).where(col(Case.application_id).in_(application_ids), visible(caller))
    return dict(session.exec(query).all()) if application_ids else {}


def ref_of(case: Case) -> ProcedureRef:
    """The version of the procedure that a case follows."""
    return ProcedureRef(id=case.procedure_id, version=case.procedure_version)


def parties_of(case: Case) -> Parties:
    """Whose application a case is about."""
    agent = case.applicant.get("agent")
    return Parties(organisation_id=case.applicant["organisation_id"], agent_id=agent and agent["organisation_id"])


def procedure_of(session: Session, case: Case) -> Procedure:
    """The version of the procedure that a case follows, as it was published."""
    return version(session, ref_of(case))


def officials_of(session: Session, found: Sequence[Case]) -> dict[UUID, Official]:
    """The officials who have these cases, by id."""
    return officials_by_id(session, [case.official_id for case in found if case.official_id])


def officials_by_id(session: Session, ids: Sequence[UUID]) -> dict[UUID, Official]:
    """Officials who have groups, by id."""
    rows = session.execute(_OFFICIALS, {"ids": ids}) if ids else ()
    return {row.account_id: Official(id=row.account_id, name=row.name, email=row.email) for row in rows}
