"""Opening cases for what arrived: routed to an office, given to an official there, and why is kept (docs/adr/0016)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from services.review.assignment.assignment import because, desks, lock
from services.review.assignment.parties import parties
from services.review.assignment.sharing import Chosen, Wanting, share
from services.review.audit.audit import Detail, Noted, note_all
from services.review.cases.moves import applied
from services.review.cases.turns import turn_in
from services.review.models import Case, Handing, Step
from services.review.periods import due
from services.review.procedures import version
from shared.bus.publish import publish
from shared.database import insert_many, new_id
from shared.events import ApplicationArrived, CaseOpened, Parties
from shared.i18n import JST
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Stage
from shared.procedure.rules import Routed, routed
from shared.sealing.blind import whose
from shared.workdays import CALENDAR


def open_case(session: Session, events: list[ApplicationArrived]) -> None:
    """Open a case for each arrived application: route it to an office and give it to an official there."""
    groups = [_routed(session, event) for event in events]
    lock(session, {where.group for where in groups})
    rows: dict[UUID, dict[str, Any]] = {}
    wanted: list[Wanting] = []
    for event, where in zip(events, groups, strict=True):
        procedure = version(session, event.procedure)
        stage = procedure.review.stages[0]
        turn = turn_in(procedure, stage.key, event.answers, applied(procedure, event.answers))
        row = _new_case(event, where.group, stage) | _due(procedure, event) | turn
        rows[row["application_id"]] = row
        wanted.append(
            Wanting(
                id=row["application_id"],
                group=where.group,
                procedure=event.procedure.id,
                role=stage.role,
                skills=frozenset(where.skills),
                parties=parties(row["id"], row["applicant"], row["contact"]),
            )
        )
    given = share(wanted, desks(session, {where.group for where in groups}))
    told: dict[UUID, CaseOpened] = {}
    for event, where in zip(events, groups, strict=True):
        row = rows[UUID(event.subject)]
        chosen = given[row["application_id"]]
        row |= {
            "official_id": chosen.official.id if chosen.official else None,
            "official_name": chosen.official.name if chosen.official else "",
            "assigned_because": because(chosen, "rules", route=where.rule, skills=where.skills),
        }
        told[row["id"]] = _opened(session, event, row, chosen)
    # an application has one case, whatever happens
    opened = {row.id for row in insert_many(session, Case, list(rows.values()), returning=("id",))}
    made = [row for row in rows.values() if row["id"] in opened]
    insert_many(session, Step, [_first_step(row["id"], row["stage"]) for row in made])
    insert_many(session, Handing, [_first_handing(row) for row in made])
    note_all(session, (_noted(told[row["id"]]) for row in made))
    publish(session, *(told[row["id"]] for row in made))


def _noted(opened: CaseOpened) -> Noted:
    details: dict[str, Detail] = {"heard": ApplicationArrived.type, "group": opened.group}
    details["official"] = opened.official.id if opened.official else None
    return Noted("case.arrived", opened.case_id, details=details, traceparent=opened.traceparent)


def _routed(session: Session, event: ApplicationArrived) -> Routed:
    applicant = event.applicant
    about = {
        "kind": applicant.kind,
        "name": applicant.name,
        "verified": applicant.verified,
        "corporate_number": applicant.corporate_number or "",
        "by_agent": applicant.agent is not None,
    }
    today = event.arrived_at.astimezone(JST).date()
    return routed(version(session, event.procedure), event.answers, today=today, applicant=about)


def _opened(session: Session, event: ApplicationArrived, row: dict[str, Any], chosen: Chosen) -> CaseOpened:
    applicant = event.applicant
    return CaseOpened(
        subject=event.subject,
        sequence=1,
        traceparent=event.traceparent,
        case_id=row["id"],
        arrival_number=event.arrival_number,
        procedure=event.procedure,
        group=row["group"],
        group_title=version(session, event.procedure).office(row["group"]).title.ja,
        official=chosen.official,
        due_on=row["due_on"],
        parties=Parties(organisation_id=applicant.organisation_id, agent_id=applicant.agent and applicant.agent.organisation_id),
    )


def _first_handing(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "case_id": row["id"],
        "from_name": "",
        "to_id": row["official_id"],
        "to_name": row["official_name"],
        "by_name": "",
        "how": "rules",
        "note": "",
        "because": row["assigned_because"],
    }


def _new_case(event: ApplicationArrived, group: str, stage: Stage) -> dict[str, Any]:
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
        "contact_hash": whose(event.contact.email),
        "answers": event.answers,
        "duplicates": [one.model_dump(mode="json") for one in event.duplicates],
        "group": group,
        "state": "open",
        "stage": stage.key,
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
