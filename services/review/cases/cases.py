"""Cases: opening them, seeing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.assignment.assignment import Assignment
from services.review.cases.rights import visible
from services.review.models import Case, Step
from services.review.periods import due
from services.review.procedures import version
from shared.bus.publish import publish
from shared.database import insert_many, new_id
from shared.events import ApplicationArrived, CaseOpened, Official, ProcedureRef
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.problems import NotFound
from shared.procedure.model import Procedure
from shared.procedure.rules import route
from shared.workdays import CALENDAR

_OFFICIALS = text("select distinct account_id, name, email from identity.official where account_id = any(:ids)")


def open_case(session: Session, events: list[ApplicationArrived]) -> None:
    """Open a case for each arrived application: route it to an office and give it to an official there."""
    routed = [route(version(session, e.procedure), e.answers, today=e.arrived_at.astimezone(JST).date()) for e in events]
    assignment = Assignment.among(session, set(routed))
    rows: list[dict[str, Any]] = []
    told: dict[UUID, CaseOpened] = {}
    for event, group in zip(events, routed, strict=True):
        official = assignment.take(group)
        procedure = version(session, event.procedure)
        row = _new_case(event, group, procedure.review.stages[0].key) | _due(procedure, event)
        row |= {"official_id": official.id if official else None, "official_name": official.name if official else ""}
        rows.append(row)
        told[row["id"]] = CaseOpened(
            subject=event.subject,
            sequence=1,
            traceparent=event.traceparent,
            case_id=row["id"],
            arrival_number=event.arrival_number,
            procedure=event.procedure,
            group=group,
            group_title=version(session, event.procedure).office(group).title.ja,
            official=official,
            due_on=row["due_on"],
        )
    # an application has one case, whatever happens
    opened = [row.id for row in insert_many(session, Case, rows, returning=("id",))]
    stages = {row["id"]: row["stage"] for row in rows}
    insert_many(session, Step, [_first_step(case_id, stages[case_id]) for case_id in opened])
    publish(session, *(told[case_id] for case_id in opened))


def _new_case(event: ApplicationArrived, group: str, stage: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "application_id": UUID(event.subject),
        "procedure_id": event.procedure.id,
        "procedure_version": event.procedure.version,
        "receipt_number": event.receipt_number,
        "arrival_number": event.arrival_number,
        "arrived_at": event.arrived_at,
        "applicant": event.applicant.model_dump(mode="json"),
        "contact": event.contact.model_dump(mode="json"),
        "answers": event.answers,
        "duplicates": [one.model_dump(mode="json") for one in event.duplicates],
        "group": group,
        "state": "open",
        "stage": stage,
        "stage_since": datetime.now(UTC),
        "version": 1,
        "reasons": "",
        "conditions": [],
        "criteria": [],
        "decided_as": "",
    }


def _due(procedure: Procedure, event: ApplicationArrived) -> dict[str, Any]:
    found = due(procedure, event.arrived_at)
    on, near_on = (found.on, found.near_on) if found else (None, None)
    return {"due_on": on, "near_on": near_on, "tell_on": near_on, "counted_by": CALENDAR}


def _first_step(case_id: UUID, stage: str) -> dict[str, Any]:
    empty = {"left_by_name": "", "move": "", "note": ""}
    return {"case_id": case_id, "number": 1, "stage": stage, "entered_at": datetime.now(UTC), **empty}


def shown(session: Session, caller: Caller, case_id: UUID, *, lock: bool = False) -> Case:
    """One case of the caller's groups. Raises NotFound."""
    query = select(Case).where(Case.id == case_id, visible(caller))
    case = session.exec(query.with_for_update() if lock else query).first()
    if case is None:
        raise NotFound("No case of your groups has the id {id}", id=case_id)
    return case


def ids_of(session: Session, caller: Caller, application_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The cases of applications, as far as they lie with the caller's groups: application → case."""
    query = select(Case.application_id, Case.id).where(col(Case.application_id).in_(application_ids), visible(caller))
    return dict(session.exec(query).all()) if application_ids else {}


def ref_of(case: Case) -> ProcedureRef:
    """The version of the procedure that a case follows."""
    return ProcedureRef(id=case.procedure_id, version=case.procedure_version)


def procedure_of(session: Session, case: Case) -> Procedure:
    """The version of the procedure that a case follows, as it was published."""
    return version(session, ref_of(case))


def officials_of(session: Session, found: Sequence[Case]) -> dict[UUID, Official]:
    """The officials who have these cases, by id."""
    ids = [case.official_id for case in found if case.official_id]
    rows = session.execute(_OFFICIALS, {"ids": ids}) if ids else ()
    return {row.account_id: Official(id=row.account_id, name=row.name, email=row.email) for row in rows}
