"""Giving a case to somebody else. Each time is kept with its reason, and both officials are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from services.review.assignment.assignment import because, desks, lock, lock_groups_of, wanting
from services.review.assignment.sharing import Chosen, Desk, share
from services.review.audit.audit import Noted, note_all
from services.review.cases.cases import officials_of, ref_of
from services.review.cases.moves import acting
from services.review.models import Case, Handing
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import CaseAssigned, Official
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Forbidden, Invalid
from shared.telemetry import current_traceparent
from shared.validation import text_errors

NOTE_LIMIT = 1000
AT_ONCE, LOOKED_AT = 500, 2000
# What sharing out needs of a case; the answers may be large.
NEEDED = load_only(
    *(Case.id, Case.application_id, Case.arrival_number, Case.procedure_id, Case.procedure_version, Case.group, Case.state),  # type: ignore[arg-type] # SQLModel's fields
    *(Case.applicant, Case.contact, Case.official_id, Case.official_name, Case.version, Case.assigned_because),  # type: ignore[arg-type]
)


@dataclass(frozen=True)
class Given:
    """What was chosen for a case, and why. `how` as the table of handings names it."""

    case: Case
    chosen: Chosen
    how: str
    note: str = ""
    source: UUID | None = None
    source_name: str = ""

    @classmethod
    def of(cls, case: Case, chosen: Chosen, how: str, note: str = "") -> Given:
        """From whoever has the case now."""
        return cls(case, chosen, how, note, case.official_id, case.official_name)


def hand(session: Session, by: Caller | None, given: Sequence[Given]) -> None:
    """Give locked cases to those who were chosen, or to nobody; keep why, and tell those concerned."""
    former = officials_of(session, [one.case for one in given])
    events = []
    for one in given:
        case, to = one.case, one.chosen.official
        before = case.assigned_because or {}
        case.assigned_because = because(one.chosen, one.how, route=before.get("route"), skills=before.get("skills", ()))
        handing = Handing(
            case_id=case.id,
            from_id=case.official_id,
            from_name=case.official_name,
            to_id=to.id if to else None,
            to_name=to.name if to else "",
            by_id=by.account_id if by else None,
            by_name=by.name if by else "",
            how=one.how,
            note=one.note,
            because=case.assigned_because,
        )
        events.append(_told(session, one, former.get(case.official_id) if case.official_id else None, handing, case.version + 1))
        case.official_id, case.official_name = handing.to_id, handing.to_name
        case.version += 1
        session.add_all([case, handing])
    session.flush()
    note_all(session, (_noted(by, one) for one in given))
    publish(session, *events)


def _noted(by: Caller | None, given: Given) -> Noted:
    to = given.chosen.official
    return Noted(
        "case.assigned", given.case.id, by, details={"how": given.how, "from": given.source, "to": to.id if to else None}
    )


def _told(session: Session, given: Given, former: Official | None, handing: Handing, sequence: int) -> CaseAssigned:
    case = given.case
    return CaseAssigned(
        subject=str(case.application_id),
        sequence=sequence,
        traceparent=current_traceparent(),
        case_id=case.id,
        arrival_number=case.arrival_number,
        procedure=ref_of(case),
        group=case.group,
        group_title=version(session, ref_of(case)).office(case.group).title.ja,
        official=given.chosen.official,
        former=former,
        how=given.how,
        by=handing.by_name,
        by_id=handing.by_id,
        note=given.note,
    )


def take(session: Session, caller: Caller, case_id: UUID) -> Case:
    """Take a case that nobody has. Raises NotFound, Forbidden, Conflict."""
    case = acting(session, caller, case_id, "take")
    if case.official_id is not None:
        raise Conflict("{name} has this case already", name=case.official_name)
    desk = desks(session, [case.group]).get(caller.account_id)
    if desk is None or not desk.may_have(wanting(session, case)):
        raise Forbidden("This case is for officials with the duty {role}", role=wanting(session, case).role)
    hand(session, caller, [Given.of(case, _by_hand(case, desk, session), "taken")])
    return case


def release(session: Session, caller: Caller, case_id: UUID, note: str = "") -> Case:
    """Give away a case of one's own, by the rules, to somebody else or nobody. Raises NotFound, Forbidden, Conflict, Invalid."""
    _must_fit(note)
    lock_groups_of(session, Case.id == case_id)
    case = acting(session, caller, case_id, "release")
    if case.official_id != caller.account_id:
        raise Forbidden("You do not have this case")
    hand(session, caller, [Given.of(case, _by_rules(session, case, {caller.account_id}), "released", note.strip())])
    return case


def reassign(session: Session, caller: Caller, case_id: UUID, to: UUID | None, note: str = "") -> Case:
    """Give a case to this official, or without one by the rules to somebody else: a manager's.

    Raises NotFound, Forbidden, Conflict, and Invalid for an official who may not have it or is away.
    """
    _must_fit(note)
    if to is None:
        lock_groups_of(session, Case.id == case_id)
    case = acting(session, caller, case_id, "reassign")
    if to is None:
        chosen = _by_rules(session, case, {case.official_id} - {None})
    elif to == case.official_id:
        raise Conflict("{name} has this case already", name=case.official_name)
    else:
        chosen = _by_hand(case, _able(session, case, to), session)
    hand(session, caller, [Given.of(case, chosen, "reassigned", note.strip())])
    return case


def could_have(session: Session, case: Case) -> list[Desk]:
    """Who could be given a case by hand, the least loaded first: with the duty, there, and without a conflict."""
    wanted = wanting(session, case)
    there = [desk for desk in desks(session, [case.group]).values() if desk.may_have(wanted) and not desk.away]
    return sorted(there, key=lambda desk: (desk.load, desk.official.name, desk.official.id))


def of_case(session: Session, case: Case) -> Sequence[Handing]:
    """Who had a case when, the latest first."""
    return session.exec(select(Handing).where(Handing.case_id == case.id).order_by(col(Handing.id).desc())).all()


def pick_up(session: Session) -> int:
    """Give cases that nobody has to those who are there by now; how many were given. As the house itself."""
    waiting = select(Case.group).where(col(Case.official_id).is_(None), Case.state == "open").distinct()
    groups = sorted(session.exec(waiting))
    there = desks(session, groups)
    groups = [group for group in groups if any(group in desk.takes and not desk.away for desk in there.values())]
    if not groups:
        return 0
    lock(session, groups)
    query = (
        select(Case)
        .where(col(Case.group).in_(groups), col(Case.official_id).is_(None), Case.state == "open")
        .order_by(col(Case.id))
        .limit(LOOKED_AT)
        .options(NEEDED)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    cases = session.exec(query).all()
    given = give_by_rules(session, cases, "rules", there=desks(session, groups))
    some = [one for one in given if one.chosen.official][:AT_ONCE]
    hand(session, None, some)
    return len(some)


def give_by_rules(session: Session, cases: Iterable[Case], how: str, *, there: dict[UUID, Desk], note: str = "") -> list[Given]:
    """What the rules choose for these cases among the desks that are `there`."""
    by_application = {case.application_id: case for case in cases}
    chosen = share([wanting(session, case) for case in by_application.values()], there)
    return [Given.of(case, chosen[key], how, note) for key, case in by_application.items()]


def _by_rules(session: Session, case: Case, but: set[Any]) -> Chosen:
    there = {one: desk for one, desk in desks(session, [case.group]).items() if one not in but}
    return share([wanting(session, case)], there)[case.application_id]


def _by_hand(case: Case, desk: Desk, session: Session) -> Chosen:
    return Chosen(desk.official, 1, desk.load, desk.knows(wanting(session, case)))


def _able(session: Session, case: Case, to: UUID) -> Desk:
    found = next((desk for desk in could_have(session, case) if desk.official.id == to), None)
    if found is None:
        wrong = FieldError("/official", "Choose somebody who has the duty for it, is there, and has no conflict of interest")
        raise Invalid("This official cannot have the case", errors=[wrong])
    return found


def _must_fit(note: str) -> None:
    if wrong := text_errors("/note", note, NOTE_LIMIT):
        raise Invalid("The note cannot be kept like this", errors=wrong)
