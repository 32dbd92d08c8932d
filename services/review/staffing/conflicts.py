"""Conflicts of interest: an official declares his own, a manager declares one for a case; to file oneself is one by itself.

Who has a conflict is never given the case, and sees nothing of it: `visible` leaves it out of every query.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, func, literal
from sqlmodel import Session, col, select

from services.review.assignment.assignment import desks, lock_groups_of
from services.review.audit.audit import note
from services.review.cases.cases import shown
from services.review.cases.moves import acting
from services.review.models import Case
from services.review.models import Conflict as Declared
from services.review.staffing.handing import give_by_rules, hand
from services.review.wall import acts_as_house
from shared.identity.callers import Caller
from shared.japanese import is_corporate_number
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.validation import text_errors

Kind = Literal["corporate-number", "organisation", "case"]
REASON_LIMIT = 1000
MOST = 200


def of_official(session: Session, caller: Caller) -> Sequence[Declared]:
    """The caller's conflicts that hold, the latest first."""
    mine = select(Declared).where(Declared.account_id == caller.account_id, col(Declared.ended_at).is_(None))
    return session.exec(mine.order_by(col(Declared.id).desc())).all()


def declare(session: Session, caller: Caller, kind: Kind, party: str, reason: str) -> Declared:
    """Declare a conflict of one's own; what he has of it goes to others at once. Raises Invalid, NotFound, Conflict."""
    party = _as_party(kind, party)
    if kind == "case":
        shown(session, caller, UUID(party))
    return _declared(session, caller, caller.account_id, kind=kind, party=party, reason=reason)


def declare_for(session: Session, caller: Caller, case_id: UUID, official: UUID, reason: str) -> Declared:
    """Declare that an official must not have a case: a manager's. Raises NotFound, Forbidden, Conflict, Invalid."""
    lock_groups_of(session, Case.id == case_id)
    case = acting(session, caller, case_id, "declare-conflict")
    if official not in desks(session, [case.group]):
        raise Invalid("This official is not in the group", errors=[FieldError("/official", "Choose an official of the group")])
    return _declared(session, caller, official, kind="case", party=str(case.id), reason=reason)


def end(session: Session, caller: Caller, conflict_id: UUID) -> None:
    """End a conflict that the caller declared himself. Raises NotFound."""
    found = session.get(Declared, conflict_id, with_for_update=True)
    if found is None or found.ended_at is not None or found.declared_by != caller.account_id:
        raise NotFound("You have declared no conflict of interest with the id {id}", id=conflict_id)
    found.ended_at, found.ended_by = datetime.now(UTC), caller.account_id
    session.add(found)
    note(session, caller, "conflict.ended", None, conflict=found.id)


def _declared(session: Session, caller: Caller, official: UUID, *, kind: Kind, party: str, reason: str) -> Declared:
    if wrong := text_errors("/reason", reason, REASON_LIMIT, needed=True):
        raise Invalid("The conflict of interest cannot be kept like this", errors=wrong)
    holding = select(Declared).where(Declared.account_id == official, col(Declared.ended_at).is_(None))
    known = session.exec(holding).all()
    if any(one.party == party for one in known):
        raise Conflict("This conflict of interest is declared already")
    if len(known) >= MOST:
        raise Conflict("At most {most} conflicts of interest", most=MOST)
    made = Declared(
        account_id=official,
        kind=kind,
        party=party,
        reason=reason.strip(),
        declared_by=caller.account_id,
        declared_by_name=caller.name,
    )
    session.add(made)
    session.flush()
    note(session, caller, "conflict.declared", UUID(party) if kind == "case" else None, conflict=made.id, official=official)
    _give_away(session, caller, official, party)
    return made


def _give_away(session: Session, caller: Caller, official: UUID, party: str) -> None:
    """What the official has of this party goes to others by the rules. He himself does not see it any more: the house does it."""
    with acts_as_house(session):
        concerned = literal(party, Text) == any_(func.review.parties(Case.id, Case.applicant, Case.contact, type_=ARRAY(Text)))
        mine = (Case.official_id == official, col(Case.state).in_(["open", "correcting"]), concerned)
        lock_groups_of(session, *mine)
        cases = session.exec(select(Case).where(*mine).order_by(col(Case.id)).with_for_update()).all()
        there = desks(session, {case.group for case in cases})
        hand(session, caller, give_by_rules(session, cases, "conflict", there=there))


def _as_party(kind: Kind, party: str) -> str:
    party = party.strip()
    if kind == "corporate-number":
        if not is_corporate_number(party):
            wrong = FieldError("/party", "This is not a corporate number: its check digit is wrong")
            raise Invalid("The conflict of interest cannot be kept like this", errors=[wrong])
        return party
    try:
        return str(UUID(party))
    except ValueError:
        raise Invalid(
            "The conflict of interest cannot be kept like this", errors=[FieldError("/party", "This is not an id")]
        ) from None
