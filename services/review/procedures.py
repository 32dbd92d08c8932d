"""The procedures the desk works by: it keeps every version it heard of, because open cases keep theirs."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.review.models import Procedure as KeptProcedure
from shared.events import ProcedurePublished, ProcedureRef
from shared.i18n import Language
from shared.procedure.form import Compiled
from shared.procedure.model import Procedure

_known: dict[tuple[str, int], Compiled] = {}


def keep_procedure(session: Session, events: list[ProcedurePublished]) -> None:
    """Keep published versions."""
    rows = [{"id": e.procedure.id, "version": e.procedure.version, "definition": e.definition} for e in events]
    session.execute(insert(KeptProcedure).values(rows).on_conflict_do_nothing())


def version(session: Session, ref: ProcedureRef) -> Procedure:
    """A version of a procedure; it never changes, so it is read once. Raises LookupError when it was not heard of yet."""
    return compiled(session, ref).procedure


def compiled(session: Session, ref: ProcedureRef) -> Compiled:
    """The same with its form, to check answers with. Raises LookupError."""
    known = _known.get((ref.id, ref.version))
    if known is None:
        row = session.get(KeptProcedure, (ref.id, ref.version))
        if row is None:
            raise LookupError(f"version {ref.version} of {ref.id} has not been heard of yet")
        known = _known[ref.id, ref.version] = Compiled(Procedure.model_validate(row.definition), ref.version)
    return known


def group_titles(session: Session, language: Language) -> dict[str, str]:
    """What the groups (offices) of the newest procedures are called."""
    return {office.key: office.title.within(language) for one in newest(session) for office in one.offices}


def newest(session: Session) -> list[Procedure]:
    """The newest version of every procedure that the desk heard of, by id."""
    query = select(KeptProcedure.id, func.max(KeptProcedure.version)).group_by(col(KeptProcedure.id)).order_by(KeptProcedure.id)
    return [version(session, ProcedureRef(id=known, version=number)) for known, number in session.exec(query)]
