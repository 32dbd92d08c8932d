"""Duties: what an official may do for a group, in one procedure or in all of them. Without any he sees nothing of the group."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlmodel import Session, col, delete, select

from shared.identity.tables import Account, Duty, Membership
from shared.problems import Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

EVERY_PROCEDURE = "*"
# What a member of a group is when nothing else is said: he works on cases (shared.procedure.reviewing names the others).
EXAMINER = "examiner"
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_MOST_SKILLS = 50


def give(session: Session, account_id: UUID, group: str, roles: Iterable[str], procedure: str = EVERY_PROCEDURE) -> None:
    """Give a member of a group duties; those he has stay. Raises NotFound for who is no member, Invalid for what is no name."""
    must_be_member(session, account_id, group)
    if procedure != EVERY_PROCEDURE:
        _must_be_name(procedure)
    for role in dict.fromkeys(roles):
        _must_be_name(role)
        session.merge(Duty(account_id=account_id, group=group, procedure=procedure, role=role))
    session.flush()


def must_be_member(session: Session, account_id: UUID, group: str) -> None:
    """Raises NotFound for who is not in the group."""
    if session.get(Membership, (account_id, group)) is None:
        raise NotFound("Nobody with this e-mail address is in the group {group}", group=group)


def take_away(session: Session, account_id: UUID, group: str, role: str, procedure: str = EVERY_PROCEDURE) -> None:
    """Take a duty away. Raises NotFound."""
    found = session.get(Duty, (account_id, group, procedure, role))
    if found is None:
        raise NotFound("There is no such duty")
    session.delete(found)
    session.flush()


def of_account(session: Session, account_id: UUID) -> list[tuple[Membership, list[Duty]]]:
    """An official's groups with his duties in each."""
    memberships = session.exec(select(Membership).where(Membership.account_id == account_id).order_by(Membership.group)).all()
    given = session.exec(select(Duty).where(Duty.account_id == account_id).order_by(Duty.procedure, Duty.role)).all()
    return [(one, [duty for duty in given if duty.group == one.group]) for one in memberships]


def join(session: Session, account: Account, group: str, roles: Iterable[str], *, takes_cases: bool = True) -> None:
    """Make a reviewer a member of a group with these duties. Raises Invalid for an account in another role."""
    if account.role != "reviewer":
        raise Invalid("Only a reviewer belongs to groups")
    if session.get(Membership, (account.id, group)) is None:
        session.add(Membership(account_id=account.id, group=group, takes_cases=takes_cases))
        session.flush()
    give(session, account.id, group, roles)


def leave(session: Session, account_id: UUID, group: str) -> None:
    """End a membership, and with it the duties of the group."""
    session.exec(delete(Membership).where(col(Membership.account_id) == account_id, col(Membership.group) == group))
    session.flush()


def set_up(
    session: Session, account_id: UUID, group: str, *, skills: Iterable[str] | None = None, takes_cases: bool | None = None
) -> Membership:
    """Say what a member is skilled in, and whether new cases are given to him; None leaves it. Raises NotFound, Invalid."""
    member = session.get(Membership, (account_id, group))
    if member is None:
        raise NotFound("Nobody with this e-mail address is in the group {group}", group=group)
    if skills is not None:
        wanted = sorted(set(skills))
        for skill in wanted:
            _must_be_name(skill)
        if len(wanted) > _MOST_SKILLS:
            raise Invalid("At most {most} skills", most=_MOST_SKILLS)
        member.skills = wanted
    if takes_cases is not None:
        member.takes_cases = takes_cases
    session.flush()
    return member


def _must_be_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Invalid("{name} is no name: use lower-case letters, digits and hyphens", name=name)
