"""What a batch does with one case, with the rights that whoever asked has at this moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col

from services.review.assignment.assignment import lock_groups_of
from services.review.cases.cases import procedure_of, shown
from services.review.decisions import decisions
from services.review.models import Case, Job
from services.review.staffing import handing
from services.review.stages import proposals
from services.review.stages.lawful import Proposed
from shared.identity.callers import Caller
from shared.identity.personal import EMAIL, NAME

# Approving (決裁) what was proposed for each case.
AS_PROPOSED = "as-proposed"
_OFFICIAL = text("select name, email from identity.official where account_id = :id limit 1").columns(name=NAME, email=EMAIL)


def caller_of(session: Session, job: Job) -> Caller | None:
    """Whoever asked for a job, as he is now; None when he is no official any more."""
    row = session.execute(_OFFICIAL, {"id": job.asked_by}).first()
    if row is None:
        return None
    return Caller(job.asked_by, "reviewer", row.name, row.email, "en" if job.language == "en" else "ja")


def seen(session: Session, caller: Caller, job: Job, case_id: UUID) -> dict[str, Any]:
    """What the act on a case rests on: the contents it has, and what is proposed. Raises NotFound."""
    case = shown(session, caller, case_id)
    proposal = proposals.open_one(session, case) if job.kind == "decide" else None
    return {"revision": case.revision, "proposal": proposal.number if proposal else None}


def begin(session: Session, job: Job, case_ids: Sequence[UUID]) -> None:
    """Lock what all the acts of a piece need, before the first of them locks its case."""
    if job.kind == "assign" and not job.wanted["official"]:
        lock_groups_of(session, col(Case.id).in_(case_ids))


def act(session: Session, caller: Caller, job: Job, case_id: UUID, rests_on: dict[str, Any]) -> None:
    """Do it. Raises what the act itself raises (shared.problems)."""
    _ACTS[job.kind](session, caller, job.wanted, case_id, rests_on)


def _assign(session: Session, caller: Caller, wanted: dict[str, Any], case_id: UUID, _rests_on: dict[str, Any]) -> None:
    official = wanted["official"]
    handing.reassign(session, caller, case_id, UUID(official) if official else None, wanted["note"])


def _decide(session: Session, caller: Caller, wanted: dict[str, Any], case_id: UUID, rests_on: dict[str, Any]) -> None:
    if wanted["decision"] == AS_PROPOSED:
        case: Case = shown(session, caller, case_id)
        if len(procedure_of(session, case).review.stages) > 1:
            proposals.must_be_there(session, case)
        decisions.approve(session, caller, case_id, rests_on["proposal"] or 0)
        return
    proposed = Proposed(wanted["decision"], wanted["reasons"], criteria=tuple(wanted["criteria"]))
    decisions.decide(session, caller, case_id, proposed, revision=rests_on["revision"])


_ACTS: dict[str, Callable[[Session, Caller, dict[str, Any], UUID, dict[str, Any]], None]] = {
    "assign": _assign,
    "decide": _decide,
}
