"""The trace of one case, for whoever answers for its group."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping
from sqlmodel import Session

from services.review.audit import reading
from services.review.cases.cases import officials_by_id, shown
from services.review.cases.rights import duties
from services.review.models import Case
from shared.identity.callers import Caller
from shared.problems import Forbidden
from shared.procedure.reviewing import MANAGER


def of_case(
    session: Session, caller: Caller, case_id: UUID, *, before: int | None = None, limit: int = 100
) -> tuple[Case, Sequence[RowMapping]]:
    """A case, and a page of who saw it and did what with it, newest first. Raises NotFound, Forbidden for all but managers."""
    case = shown(session, caller, case_id)
    if MANAGER not in duties(session, caller, case.group, case.procedure_id):
        raise Forbidden("Only a manager of the group sees who looked at a case")
    return case, reading.of_case(session, case.id, before=before, limit=limit)


def officials_in(session: Session, entries: Sequence[RowMapping]) -> dict[str, str]:
    """The names of the officials that entries point to, by id; who left has none."""
    ids = {str(one["details"]["official"]) for one in entries if one["details"].get("official")}
    return {str(id_): one.name for id_, one in officials_by_id(session, [UUID(one) for one in ids]).items()}
