"""Sharing out cases among officials: who may have a case, who gets it, and how loads are made level. No database in here.

Of those who may have a case it goes to the one with the fewest open ones. Ties are broken by a hash of case and official: the
same for the same case, whoever looks, and not always in favour of the same official.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from shared.events import Official

EVERY = "*"


@dataclass(frozen=True)
class Wanting:
    """A case that wants an official. `parties` are those concerned, as conflicts name them; `role` is the duty it takes."""

    id: UUID
    group: str
    procedure: str
    role: str = "examiner"
    skills: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()


@dataclass
class Desk:
    """An official: what he may do in which group, what he knows, whom he must not decide on, and how many open cases he has."""

    official: Official
    load: int = 0
    takes: set[str] = field(default_factory=set, metadata={"of": "groups in which new cases are given to him"})
    duties: set[tuple[str, str, str]] = field(default_factory=set, metadata={"of": "group, procedure or *, role"})
    skills: dict[str, frozenset[str]] = field(default_factory=dict, metadata={"of": "by group"})
    conflicts: frozenset[str] = frozenset()
    away: bool = False

    def may_have(self, case: Wanting) -> bool:
        """Whether he could work on a case at all: with the duty for it, and without a conflict of interest."""
        duties = {(case.group, EVERY, case.role), (case.group, case.procedure, case.role)}
        return bool(duties & self.duties) and not (case.parties & self.conflicts)

    def knows(self, case: Wanting) -> bool:
        """Whether he has all the skills for it."""
        return case.skills <= self.skills.get(case.group, frozenset())


@dataclass(frozen=True)
class Chosen:
    """Who gets a case, of how many, with how many open ones before; `skilled` says whether anybody there had the skills."""

    official: Official | None
    candidates: int
    load: int
    skilled: bool


@dataclass(frozen=True)
class Moved:
    """A case that goes from one official to another."""

    case: UUID
    source: UUID
    target: UUID


Desks = Mapping[UUID, Desk]


def candidates(case: Wanting, desks: Desks) -> tuple[frozenset[UUID], bool]:
    """Who may be given a case: those with all its skills; where there are none, those without, and False."""
    there = [one for one in desks.values() if case.group in one.takes and not one.away and one.may_have(case)]
    skilled = [one for one in there if one.knows(case)]
    return frozenset(one.official.id for one in skilled or there), bool(skilled) or not case.skills


def share(cases: Sequence[Wanting], desks: Desks) -> dict[UUID, Chosen]:
    """Give cases to officials so that their loads, which grow by it, end up as level as skills and conflicts allow."""
    may: dict[UUID, frozenset[UUID]] = {}
    held: dict[UUID, UUID] = {}
    skilled: dict[UUID, bool] = {}
    for case in cases:
        may[case.id], skilled[case.id] = candidates(case, desks)
        if may[case.id]:
            held[case.id] = least(case.id, may[case.id], desks)
            desks[held[case.id]].load += 1
    for move in level(held, may, {one: desk.load for one, desk in desks.items()}):
        held[move.case] = move.target
        desks[move.source].load -= 1
        desks[move.target].load += 1
    chosen: dict[UUID, Chosen] = {}
    new = defaultdict(int, {one: sum(1 for holder in held.values() if holder == one) for one in set(held.values())})
    for case in cases:
        holder = held.get(case.id)
        if holder is None:
            chosen[case.id] = Chosen(None, 0, 0, skilled[case.id])
            continue
        before = desks[holder].load - new[holder]
        new[holder] -= 1
        chosen[case.id] = Chosen(desks[holder].official, len(may[case.id]), before, skilled[case.id])
    return chosen


def least(case: UUID, among: Iterable[UUID], desks: Desks) -> UUID:
    """Of these officials the one with the fewest open cases."""
    return min(among, key=lambda one: (desks[one].load, _lot(case, one)))


def _lot(case: UUID, official: UUID) -> bytes:
    return hashlib.sha256(case.bytes + official.bytes).digest()


def level(held: Mapping[UUID, UUID], may: Mapping[UUID, frozenset[UUID]], loads: Mapping[UUID, int]) -> list[Moved]:
    """The moves after which no load could be brought nearer to another: few of them, and the newest cases first.

    `held` are the cases that may move, with who has them; `may` says who could have each. Who has two or more cases more than
    somebody else gives one away, where needed over others in between, as long as that is possible (these are the cost-reducing
    paths of Harvey, Ladner, Lovász, Tamir: Semi-matchings for bipartite graphs and load balancing, 2006).
    """
    load = dict(loads)
    lying: dict[UUID, dict[frozenset[UUID], list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for case in sorted(held):
        lying[held[case]][may[case]].append(case)
    now = dict(held)
    moving = True
    while moving:
        moving = False
        for source in sorted(load, key=lambda one: (-load[one], one)):
            path = _path(source, lying, load)
            if path:
                for giver, taker, kind in path:
                    case = lying[giver][kind].pop()
                    lying[taker][kind].append(case)
                    now[case] = taker
                load[source] -= 1
                load[path[-1][1]] += 1
                moving = True
                break
    return [Moved(case, held[case], now[case]) for case in sorted(held) if held[case] != now[case]]


def _path(
    source: UUID, lying: Mapping[UUID, Mapping[frozenset[UUID], list[UUID]]], load: Mapping[UUID, int]
) -> list[tuple[UUID, UUID, frozenset[UUID]]]:
    """The shortest way for a case, or for one instead of another, from a desk to the emptiest that has two fewer or more."""
    came: dict[UUID, tuple[UUID, frozenset[UUID]]] = {}
    line = deque([(source, 0)])
    ends: list[tuple[int, int, UUID]] = []
    seen = {source}
    while line:
        giver, steps = line.popleft()
        for kind, cases in lying.get(giver, {}).items():
            for taker in sorted(kind - seen) if cases else ():
                seen.add(taker)
                came[taker] = (giver, kind)
                line.append((taker, steps + 1))
                if load[taker] <= load[source] - 2:
                    ends.append((load[taker], steps + 1, taker))
    if not ends:
        return []
    taker = min(ends)[2]
    path = []
    while taker != source:
        giver, kind = came[taker]
        path.append((giver, taker, kind))
        taker = giver
    return path[::-1]
