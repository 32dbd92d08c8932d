"""Plans for many cases of a group: making loads level, and handing over all that somebody has. First looked at, then done.

What was looked at is named by a token: if anything would come out differently when it is to be done, it is not done.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from services.review.assignment.assignment import desks, lock, lock_groups_of, wanting
from services.review.assignment.sharing import Chosen, Desk, candidates, level
from services.review.audit.audit import Noted, note_all
from services.review.cases.rights import duties, visible
from services.review.models import Case
from services.review.staffing.handing import NEEDED, Given, give_by_rules, hand
from shared.events import Official
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.problems import Conflict, Forbidden
from shared.procedure.reviewing import MANAGER

Kind = Literal["rebalance", "handover"]
_UNFINISHED = ("open", "correcting")


@dataclass(frozen=True)
class Plan:
    """What would be done: each case with who was chosen for it, and everybody's load before and after."""

    kind: Kind
    group: str
    official: UUID | None
    given: list[Given]
    loads: list[tuple[Official, int, int]] = field(default_factory=list)

    @property
    def token(self) -> str:
        """Names exactly this: the cases as they are now, and to whom they would go."""
        moves = sorted(
            (str(one.case.id), one.case.version, str(one.chosen.official and one.chosen.official.id)) for one in self.given
        )
        said = orjson.dumps([self.kind, self.group, str(self.official), moves])
        return hashlib.sha256(said).hexdigest()[:32]


def must_manage(session: Session, caller: Caller, group: str) -> None:
    """Raises Forbidden for everybody but a manager of the group."""
    if MANAGER not in duties(session, caller, group, EVERY_PROCEDURE):
        raise Forbidden("Only a manager of this group can do this")


def plan(session: Session, caller: Caller, kind: Kind, group: str, *, official: UUID | None = None) -> Plan:
    """What making level, or handing over an `official`'s cases, would do now; what he may not see stays. Raises Forbidden."""
    must_manage(session, caller, group)
    query = select(Case).where(Case.group == group, visible(caller)).options(NEEDED)
    if kind == "handover":
        mine = query.where(Case.official_id == official, col(Case.state).in_(_UNFINISHED))
        return _handover(session, session.exec(mine.order_by(col(Case.id))).all(), group, official)
    some = query.where(col(Case.official_id).is_not(None), Case.state == "open")
    return _rebalance(session, session.exec(some.order_by(col(Case.id))).all(), group)


def carry_out(session: Session, caller: Caller, kind: Kind, group: str, *, token: str, official: UUID | None = None) -> Plan:
    """Do what was looked at. Raises Forbidden, and Conflict when it would come out differently by now."""
    must_manage(session, caller, group)
    lock(session, [group])
    made = plan(session, caller, kind, group, official=official)
    if made.token != token or not _locked(session, made.given):
        raise Conflict("This has changed in the meantime; look at it again")
    hand(session, caller, made.given)
    note_all(session, (Noted(f"case.{made.kind}", one.case.id, caller, MANAGER) for one in made.given))
    return made


def leave(session: Session, official: UUID, name: str, *, do: bool) -> list[Given]:
    """All unfinished cases of somebody who leaves, and who gets them by the rules; as the house itself, or only looked at."""
    held = (Case.official_id == official, col(Case.state).in_(_UNFINISHED))
    if do:
        lock_groups_of(session, *held)
    query = select(Case).where(*held).order_by(col(Case.id)).options(NEEDED)
    cases = session.exec(query.with_for_update() if do else query).all()
    there = {one: desk for one, desk in desks(session, {case.group for case in cases}).items() if one != official}
    given = give_by_rules(session, cases, "handed-over", there=there, note=name)
    if do:
        hand(session, None, given)
    return given


def _rebalance(session: Session, cases: Sequence[Case], group: str) -> Plan:
    there = desks(session, [group])
    wanted = {case.application_id: wanting(session, case) for case in cases if case.official_id in there}
    by_application = {case.application_id: case for case in cases}
    may = {key: candidates(case, there) for key, case in wanted.items()}
    held = {key: by_application[key].official_id for key in wanted}
    load = {one: desk.load for one, desk in there.items()}
    after = dict(load)
    given = []
    for move in level(held, {key: one for key, (one, _) in may.items()}, load):  # type: ignore[arg-type] # none is unassigned
        after[move.source] -= 1
        after[move.target] += 1
        some, skilled = may[move.case]
        chosen = Chosen(there[move.target].official, len(some), load[move.target], skilled)
        given.append(Given.of(by_application[move.case], chosen, "rebalanced"))
    return Plan("rebalance", group, None, given, _loads(there, load, after))


def _handover(session: Session, cases: Sequence[Case], group: str, official: UUID | None) -> Plan:
    there = desks(session, [group])
    load = {one: desk.load for one, desk in there.items()}
    others = {one: desk for one, desk in there.items() if one != official}
    given = give_by_rules(session, cases, "handed-over", there=others)
    gained = Counter(one.chosen.official.id for one in given if one.chosen.official and one.case.state == "open")
    if official in load:
        gained[official] -= sum(1 for one in given if one.case.state == "open")
    return Plan("handover", group, official, given, _loads(there, load, {one: n + gained[one] for one, n in load.items()}))


def _loads(there: dict[UUID, Desk], before: dict[UUID, int], after: dict[UUID, int]) -> list[tuple[Official, int, int]]:
    found = [(desk.official, before[one], after[one]) for one, desk in there.items()]
    return sorted(found, key=lambda row: (row[0].name, row[0].id))


def _locked(session: Session, given: Sequence[Given]) -> bool:
    """Lock the cases of a plan; whether each is still as it was looked at."""
    seen = {one.case.id: one.case.version for one in given}
    query = select(Case.id, Case.version).where(col(Case.id).in_(seen)).order_by(col(Case.id)).with_for_update()
    return dict(session.exec(query).all()) == seen
