"""Rights: which cases an official sees, and which duties he has there. Without a duty there is nothing.

Every query about cases that an official makes carries `visible(caller)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, case, column, false, func, not_, or_, table, text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Session, col, select

from services.review.models import Absence, Case, Conflict
from shared.events import Official
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.identity.personal import EMAIL, NAME
from shared.procedure.reviewing import MANAGER
from shared.sealing.blind import MARK, whose
from shared.workdays import today

# The view of identity that has the duties of officials whose accounts are open.
_DUTY = table(
    "duty_of",
    column("account_id", Uuid),
    column("group", Text),
    column("procedure", Text),
    column("role", Text),
    schema="identity",
)


_MANAGERS = text("""
select d."group", d.procedure, o.account_id, o.name, o.email
from identity.duty_of d join identity.official o on o.account_id = d.account_id and o."group" = d."group"
where d.role = :role and d."group" = any(:groups)
""").columns(name=NAME, email=EMAIL)


_OFFICIALS = text("""
select account_id, name, email from identity.official where "group" = :group and account_id = any(:ids)
""").columns(name=NAME, email=EMAIL)


def visible(caller: Caller, role: str | None = None) -> ColumnElement[bool]:
    """A condition on cases: the caller has a duty for their group and procedure (`role`, or any), and no conflict of interest.

    Duties and conflicts are looked up once for a query, not once for a case, and the first part can use the index on groups.
    """
    return and_(countable(caller, role), not_(_concerned(caller)), col(Case.anonymised_at).is_(None))


def turn(caller: Caller) -> ColumnElement[bool]:
    """A condition on cases: the stage they are in needs the caller, with a duty of his there or in place of who is absent.

    It says of many cases what `services.review.cases.moves` says of one.
    """
    away = _away(today())
    needed, deciders, deputy = col(Case.stage_role), col(Case.stage_deciders), col(Case.stage_deputy)
    holders = _there(_DUTY.c.role == needed)
    stood_for = holders.where(_DUTY.c.account_id.in_(away.where(Absence.deputy_id == caller.account_id)))
    mine = _DUTY.c.account_id == caller.account_id
    return or_(
        _there(mine, or_(_DUTY.c.role == needed, _DUTY.c.role == any_(deciders))).exists(),
        and_(deciders != [], stood_for.exists()),
        and_(_there(mine, _DUTY.c.role == deputy).exists(), not_(holders.where(_DUTY.c.account_id.not_in(away)).exists())),
    )


def _there(*which: ColumnElement[bool]) -> Any:
    """Duties for the group and the procedure of a case."""
    procedures = [EVERY_PROCEDURE, col(Case.procedure_id)]
    return select(_DUTY.c.role).where(_DUTY.c.group == col(Case.group), col(_DUTY.c.procedure).in_(procedures), *which)


def countable(caller: Caller, role: str | None = None) -> ColumnElement[bool]:
    """The same without a look at conflicts, for sums alone, which tell nothing of any one case: an index can answer them."""
    held = [_DUTY.c.account_id == caller.account_id, *([_DUTY.c.role == role] if role else [])]
    mine = select(_DUTY.c.group).where(*held)
    whole = mine.where(_DUTY.c.procedure == EVERY_PROCEDURE)
    parts = select(_pair(_DUTY.c.group, _DUTY.c.procedure)).where(*held)
    return and_(
        col(Case.group) == _any_of(mine),
        or_(col(Case.group) == _any_of(whole), _pair(col(Case.group), col(Case.procedure_id)) == _any_of(parts)),
    )


def _concerned(caller: Caller) -> ColumnElement[bool]:
    """A condition on cases: the caller files himself, or declared a conflict of interest, or a manager did it for him."""
    declared = select(Conflict.party).where(Conflict.account_id == caller.account_id, col(Conflict.ended_at).is_(None))
    parties = func.review.parties(Case.id, Case.applicant, Case.contact, type_=ARRAY(Text))
    some = select(Conflict.id).where(Conflict.account_id == caller.account_id, col(Conflict.ended_at).is_(None)).exists()
    return or_(
        _own(caller),
        # most people have declared none, and nothing is worked out for them
        and_(some, parties.overlap(func.array(declared.scalar_subquery(), type_=ARRAY(Text)))),
    )


def _own(caller: Caller) -> ColumnElement[bool]:
    """A condition on cases: the caller is the contact. Sealed ones are known by their hash; where it does not tell, he may be."""
    contact, mine = type_coerce(Case.contact, JSONB), whose(caller.email)
    other = and_(col(Case.contact_hash) != mine, func.substring(Case.contact_hash, 1, MARK) == mine[:MARK])
    return case(
        (contact.has_key("~"), not_(func.coalesce(other, false()))),
        else_=func.lower(contact["email"].astext) == caller.email.lower(),
    )


_CONCERNED_WITH = text("""
select k.account_id from review.conflict k join review."case" c on k.party = any(review.parties(c.id, c.applicant, c.contact))
where c.id = :case and k.ended_at is null
union
select account_id from identity.official where email_hash = :hash or lower(email) = :email
""")


def concerned_with(session: Session, case: Case) -> frozenset[UUID]:
    """The officials who must have nothing to do with a case: who files himself, or has a conflict of interest."""
    email = case.contact.get("email", "").lower()
    return frozenset(session.scalars(_CONCERNED_WITH, {"case": case.id, "hash": whose(email), "email": email}))


def manages(session: Session, caller: Caller) -> bool:
    """Whether the caller manages anything at all."""
    query = select(_DUTY.c.role).where(_DUTY.c.account_id == caller.account_id, _DUTY.c.role == MANAGER)
    return session.exec(query).first() is not None


def managers_of(session: Session, groups: Iterable[str]) -> list[tuple[str, str, Official]]:
    """Who manages these groups: group, procedure or `*`, and the official, in the order of their names."""
    found = session.execute(_MANAGERS, {"groups": sorted(set(groups)), "role": MANAGER})
    managing = [(row.group, row.procedure, Official(id=row.account_id, name=row.name, email=row.email)) for row in found]
    return sorted(managing, key=lambda one: by_name(one[2]))


def duties(session: Session, caller: Caller, group: str, procedure_id: str) -> frozenset[str]:
    """What the caller may do with the cases of a group that follow a procedure: examiner, approver, manager, …"""
    query = select(_DUTY.c.role).where(
        _DUTY.c.account_id == caller.account_id,
        _DUTY.c.group == group,
        col(_DUTY.c.procedure).in_([EVERY_PROCEDURE, procedure_id]),
    )
    return frozenset(session.exec(query))


def vacant(session: Session, group: str, procedure_id: str, *, role: str, day: date) -> bool:
    """Whether on a day nobody is there who has this duty: all who have it are absent, or nobody has it."""
    holders = select(_DUTY.c.account_id).where(*_held(group, procedure_id, role))
    return session.exec(holders.where(_DUTY.c.account_id.not_in(_away(day))).limit(1)).first() is None


def stands_in(session: Session, caller: Caller, group: str, procedure_id: str, *, role: str, day: date) -> bool:
    """Whether on a day the caller is the deputy that an absent official with this duty named."""
    query = _away(day).where(
        Absence.deputy_id == caller.account_id,
        col(Absence.account_id).in_(select(_DUTY.c.account_id).where(*_held(group, procedure_id, role))),
    )
    return session.exec(query.limit(1)).first() is not None


def awaited(session: Session, case: Case, day: date) -> list[Official]:
    """Who can do what the stage of a case needs on a day: with its duty or in place of the absent, there, and not concerned."""
    place = {"group": case.group, "procedure_id": case.procedure_id}
    roles = {case.stage_role, *case.stage_deciders}
    if case.stage_deputy and vacant(session, case.group, case.procedure_id, role=case.stage_role, day=day):
        roles.add(case.stage_deputy)
    able = set(session.scalars(select(_DUTY.c.account_id).where(or_(*(and_(*_held(**place, role=role)) for role in roles)))))
    if case.stage_deciders:
        holders = select(_DUTY.c.account_id).where(*_held(**place, role=case.stage_role))
        named = _away(day).with_only_columns(col(Absence.deputy_id)).where(col(Absence.account_id).in_(holders))
        able |= set(session.scalars(named))
    able -= set(session.scalars(_away(day))) | concerned_with(session, case)
    rows = session.execute(_OFFICIALS, {"group": case.group, "ids": sorted(one for one in able if one)})
    return sorted((Official(id=row.account_id, name=row.name, email=row.email) for row in rows), key=by_name)


def by_name(official: Official) -> tuple[str, UUID]:
    """Officials in the order of their names, which are sealed where a query finds them."""
    return official.name, official.id


def _held(group: str, procedure_id: str, role: str) -> tuple[ColumnElement[bool], ...]:
    return _DUTY.c.group == group, col(_DUTY.c.procedure).in_([EVERY_PROCEDURE, procedure_id]), _DUTY.c.role == role


def _away(day: date) -> Any:
    return select(Absence.account_id).where(Absence.starts_on <= day, Absence.ends_on >= day)


def groups_of(session: Session, caller: Caller) -> list[str]:
    """The groups in which the caller has any duty."""
    query = select(_DUTY.c.group).where(_DUTY.c.account_id == caller.account_id).distinct().order_by(_DUTY.c.group)
    return list(session.scalars(query))


def _pair(group: Any, procedure: Any) -> ColumnElement[str]:
    pair: ColumnElement[str] = group + "/" + procedure
    return pair


def _any_of(found: Any) -> Any:
    """Each of what a query finds; it is run once."""
    return any_(func.array(found.scalar_subquery(), type_=ARRAY(Text)))
