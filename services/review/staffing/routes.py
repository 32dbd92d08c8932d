"""Who has which case, over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.review.cases.cases import shown
from services.review.models import Absence, Conflict
from services.review.staffing import absences, conflicts, handing, plans, team
from shared.procedure.fields import NAME
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1", tags=["assignment"])

# PostgreSQL keeps no null character
Words = Annotated[str, Field(max_length=handing.NOTE_LIMIT, pattern=r"^[^\x00]*$")]
Group = Annotated[str, Path(pattern=NAME, max_length=63)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoteIn(_In):
    """A word about it, for those concerned."""

    note: Words = ""


class ReassignIn(NoteIn):
    """To whom; without an official the rules choose somebody else."""

    official: UUID | None = None


class PlanIn(_In):
    """What was looked at, by its token; it is done as it was seen, or not at all."""

    token: str = Field(min_length=32, max_length=32, pattern=r"^[0-9a-f]+$")
    official: UUID | None = Field(default=None, description="whose cases are handed over")


class ConflictIn(_In):
    """With whom the caller has a conflict of interest."""

    kind: conflicts.Kind
    party: str = Field(min_length=1, max_length=60, description="a corporate number, or the id of an organisation or a case")
    reason: Words


class ConflictForIn(_In):
    """Who must not have a case."""

    official: UUID
    reason: Words


class AbsenceIn(_In):
    """Days on which somebody is away, both included."""

    starts_on: date
    ends_on: date
    official: UUID | None = Field(default=None, description="for a manager: who; else the caller himself")
    deputy: UUID | None = Field(default=None, description="a colleague who stands in")


class OfficialOut(BaseModel):
    """An official."""

    id: UUID
    name: str


class HandingOut(BaseModel):
    """A case was given to somebody, or to nobody: `how` by `rules`, `taken`, `released`, `reassigned`, and so on."""

    at: datetime
    how: str
    source: OfficialOut | None
    target: OfficialOut | None
    by: str = Field(description="empty: the desk itself, by the rules")
    note: str
    because: dict[str, Any] = Field(description="rule (from 0), skills, candidates, open cases before")


class AssignmentOut(BaseModel):
    """Who has a case, why, and who had it before; the latest first."""

    official: OfficialOut | None
    because: dict[str, Any] | None
    history: list[HandingOut]


class MoveOut(BaseModel):
    """A case that would go to somebody else; without a target nobody could take it."""

    case_id: UUID
    arrival_number: str
    source: OfficialOut
    target: OfficialOut | None


class LoadOut(BaseModel):
    """Open cases of an official before and after."""

    official: OfficialOut
    before: int
    after: int


class PlanOut(BaseModel):
    """What would be done, or was done. `token` names exactly this."""

    token: str
    moves: list[MoveOut]
    loads: list[LoadOut]


class MemberOut(BaseModel):
    """An official of a group, with his work."""

    official: OfficialOut
    duties: list[str]
    skills: list[str]
    takes_cases: bool
    away: bool
    open: int
    correcting: int


class GoneOut(BaseModel):
    """Somebody who is no longer in the group and still has cases of it."""

    official: OfficialOut
    cases: int


class TeamOut(BaseModel):
    """A group: its officials, how many unfinished cases nobody has, and who left with cases."""

    members: list[MemberOut]
    unassigned: int
    gone: list[GoneOut]


@router.get("/cases/{case_id}/assignment", response_model=AssignmentOut, responses=described(401, 403, 404, 422))
def show_assignment(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Who has a case of your groups, and why."""
    return _assignment(session, shown(session, caller, case_id))


@router.post("/cases/{case_id}/assignment", response_model=AssignmentOut, responses=described(400, 401, 403, 404, 409, 422))
def reassign(case_id: UUID, written: ReassignIn, session: Transaction, caller: Reviewer) -> Any:
    """Give a case to somebody else: a manager's."""
    return _assignment(session, handing.reassign(session, caller, case_id, written.official, written.note))


@router.post("/cases/{case_id}/assignment/take", response_model=AssignmentOut, responses=described(401, 403, 404, 409, 422))
def take(case_id: UUID, session: Transaction, caller: Reviewer) -> Any:
    """Take a case that nobody has."""
    return _assignment(session, handing.take(session, caller, case_id))


@router.post("/cases/{case_id}/assignment/release", status_code=204, responses=described(400, 401, 403, 404, 409, 422))
def release(case_id: UUID, written: NoteIn, session: Transaction, caller: Reviewer) -> None:
    """Give away a case of your own; the rules choose somebody else."""
    handing.release(session, caller, case_id, written.note)


@router.post(
    "/cases/{case_id}/conflicts", status_code=201, response_model=None, responses=described(400, 401, 403, 404, 409, 422)
)
def declare_for(case_id: UUID, written: ConflictForIn, session: Transaction, caller: Reviewer) -> dict[str, UUID]:
    """Say that an official must not have a case: a manager's."""
    return {"id": conflicts.declare_for(session, caller, case_id, written.official, written.reason).id}


@router.get("/assignments/{group}", response_model=TeamOut, responses=described(401, 403, 422))
def show_team(group: Group, session: Transaction, caller: Reviewer) -> Any:
    """The officials of one of your groups."""
    return team.overview(session, caller, group)


@router.get("/assignments/{group}/{kind}", response_model=PlanOut, responses=described(401, 403, 422))
def show_plan(
    group: Group,
    kind: plans.Kind,
    session: Transaction,
    caller: Reviewer,
    official: Annotated[UUID | None, Query(description="whose cases are handed over")] = None,
) -> Any:
    """What making loads level (`rebalance`), or handing over an official's cases (`handover`), would do now: a manager's."""
    return _plan(plans.plan(session, caller, kind, group, official=official))


@router.post("/assignments/{group}/{kind}", response_model=PlanOut, responses=described(400, 401, 403, 409, 422))
def carry_out(group: Group, kind: plans.Kind, written: PlanIn, session: Transaction, caller: Reviewer) -> Any:
    """Do what was looked at. 409 where it would come out differently by now."""
    return _plan(plans.carry_out(session, caller, kind, group, token=written.token, official=written.official))


@router.get("/conflicts", responses=described(401, 403))
def list_conflicts(session: Transaction, caller: Reviewer) -> list[dict[str, Any]]:
    """Your conflicts of interest that hold."""
    return [_conflict(one) for one in conflicts.of_official(session, caller)]


@router.post("/conflicts", status_code=201, responses=described(400, 401, 403, 404, 409, 422))
def declare(written: ConflictIn, session: Transaction, caller: Reviewer) -> dict[str, Any]:
    """Declare a conflict of interest of your own: you get no such case, and see none."""
    return _conflict(conflicts.declare(session, caller, written.kind, written.party, written.reason))


@router.delete("/conflicts/{conflict_id}", status_code=204, responses=described(401, 403, 404, 422))
def end_conflict(conflict_id: UUID, session: Transaction, caller: Reviewer) -> None:
    """End a conflict of interest that you declared."""
    conflicts.end(session, caller, conflict_id)


@router.get("/absences", responses=described(401, 403))
def list_absences(session: Transaction, caller: Reviewer) -> list[dict[str, Any]]:
    """Your absences that are not over."""
    return [_absence(one) for one in absences.coming(session, [caller.account_id])]


@router.post("/absences", status_code=201, responses=described(400, 401, 403, 404, 409, 422))
def add_absence(written: AbsenceIn, session: Transaction, caller: Reviewer) -> dict[str, Any]:
    """Say that you are away, or as a manager that somebody is: no new cases come on these days."""
    made = absences.add(session, caller, written.starts_on, written.ends_on, official=written.official, deputy=written.deputy)
    return _absence(made)


@router.delete("/absences/{absence_id}", status_code=204, responses=described(401, 403, 404, 422))
def remove_absence(absence_id: UUID, session: Transaction, caller: Reviewer) -> None:
    """Take an absence back."""
    absences.remove(session, caller, absence_id)


def _assignment(session: Any, case: Any) -> dict[str, Any]:
    return {
        "official": _official(case.official_id, case.official_name),
        "because": case.assigned_because,
        "history": [
            {
                "at": one.at,
                "how": one.how,
                "source": _official(one.from_id, one.from_name),
                "target": _official(one.to_id, one.to_name),
                "by": one.by_name,
                "note": one.note,
                "because": one.because,
            }
            for one in handing.of_case(session, case)
        ],
    }


def _official(official_id: UUID | None, name: str) -> dict[str, Any] | None:
    return {"id": official_id, "name": name} if official_id else None


def _plan(plan: plans.Plan) -> dict[str, Any]:
    return {
        "token": plan.token,
        "moves": [
            {
                "case_id": one.case.id,
                "arrival_number": one.case.arrival_number,
                "source": {"id": one.source, "name": one.source_name},
                "target": _official(one.chosen.official.id, one.chosen.official.name) if one.chosen.official else None,
            }
            for one in plan.given
        ],
        "loads": [
            {"official": _official(official.id, official.name), "before": before, "after": after}
            for official, before, after in plan.loads
        ],
    }


def _conflict(one: Conflict) -> dict[str, Any]:
    return {
        "id": one.id, "kind": one.kind, "party": one.party, "reason": one.reason, "declared_at": one.declared_at,
        "declared_by": one.declared_by_name,
    }  # fmt: skip


def _absence(one: Absence) -> dict[str, Any]:
    return {
        "id": one.id, "official": one.account_id, "starts_on": one.starts_on, "ends_on": one.ends_on, "deputy": one.deputy_id,
    }  # fmt: skip
