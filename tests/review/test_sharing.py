"""Sharing out cases: level loads where skills allow, never to somebody with a conflict, the same again for the same cases."""

from __future__ import annotations

import time
from collections import Counter
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.assignment.sharing import Desk, Desks, Wanting, candidates, level, share
from shared.events import Official

SPACE = UUID(int=7)
GROUP, PROCEDURE = "kinki-bureau", "denki-yohin-todokede"
SKILLS = ("electricity", "tax", "english")


def a_desk(number: int, *, skills: frozenset[str] = frozenset(), conflicts: frozenset[str] = frozenset(), away: bool = False,
           load: int = 0) -> Desk:  # fmt: skip
    official = Official(id=uuid5(SPACE, f"official {number}"), name=f"職員 {number}", email=f"o{number}@example.go.jp")
    return Desk(official, load, {GROUP}, {(GROUP, "*", "examiner")}, {GROUP: skills}, conflicts, away)


def an_office(*made: Desk) -> dict[UUID, Desk]:
    return {desk.official.id: desk for desk in made}


def a_case(number: int, *, skills: frozenset[str] = frozenset(), party: str = "") -> Wanting:
    return Wanting(uuid5(SPACE, f"case {number}"), GROUP, PROCEDURE, "examiner", skills, frozenset({party} - {""}))


def shared_out(cases: list[Wanting], office: Desks) -> dict[UUID, UUID]:
    return {case: chosen.official.id for case, chosen in share(cases, office).items() if chosen.official}


def test_a_thousand_cases_on_seven_officials_with_skills_absences_and_conflicts() -> None:
    office = an_office(
        a_desk(1),
        a_desk(2, skills=frozenset({"electricity"})),
        a_desk(3, skills=frozenset({"electricity", "tax"})),
        a_desk(4, conflicts=frozenset({"firm 1", "firm 2"})),
        a_desk(5, conflicts=frozenset({"firm 3"}), load=40),
        a_desk(6, away=True),
        a_desk(7, skills=frozenset({"tax"})),
    )
    wanted = ((), ("electricity",), (), ("tax",), (), (), ("electricity", "tax"), ())
    cases = [a_case(n, skills=frozenset(wanted[n % 8]), party=f"firm {n % 13}") for n in range(1000)]
    began = time.perf_counter()
    held = shared_out(cases, office)
    assert time.perf_counter() - began < 2.0
    assert len(held) == 1000
    for case in cases:
        desk = office[held[case.id]]
        assert not case.parties & desk.conflicts
        assert not desk.away
        assert case.skills <= desk.skills[GROUP]
    given_out = Counter(held.values())
    loads = {one: given_out[one] + (40 if desk.official.name == "職員 5" else 0) for one, desk in office.items() if not desk.away}
    assert max(loads.values()) - min(loads.values()) <= 1, loads  # 1,040 cases on six who are there
    assert loads == {one: desk.load for one, desk in office.items() if not desk.away}


def test_skills_that_few_have_come_before_level_loads_and_nobody_else_gets_such_a_case() -> None:
    office = an_office(a_desk(1, skills=frozenset({"tax"})), a_desk(2), a_desk(3))
    held = shared_out([a_case(n, skills=frozenset({"tax"} if n < 50 else set())) for n in range(60)], office)
    loads = Counter(held.values())
    assert sorted(loads.values()) == [5, 5, 50]  # the ten others went to the two others


def test_where_nobody_has_the_skills_it_goes_to_somebody_without_and_says_so() -> None:
    office = an_office(a_desk(1), a_desk(2, away=True, skills=frozenset({"tax"})))
    case = a_case(1, skills=frozenset({"tax"}))
    chosen = share([case], office)[case.id]
    assert (chosen.official and chosen.official.name, chosen.skilled, chosen.candidates) == ("職員 1", False, 1)
    alone = share([a_case(2, party="firm")], an_office(a_desk(1, conflicts=frozenset({"firm"}))))
    assert [one.official for one in alone.values()] == [None]


def test_ties_do_not_always_favour_the_same_and_fall_the_same_again() -> None:
    def first() -> list[UUID]:
        return [next(iter(shared_out([a_case(n)], an_office(*map(a_desk, range(5)))).values())) for n in range(100)]

    assert first() == first()
    assert min(Counter(first()).values()) > 5


@st.composite
def offices(draw: st.DrawFn) -> tuple[list[Wanting], dict[UUID, Desk]]:
    some = st.frozensets(st.sampled_from(SKILLS), max_size=2)
    firms = st.frozensets(st.sampled_from(["f1", "f2", "f3"]), max_size=2)
    made = [
        a_desk(n, skills=draw(some), conflicts=draw(firms), away=draw(st.booleans()), load=draw(st.integers(0, 6)))
        for n in range(draw(st.integers(1, 5)))
    ]
    count = draw(st.integers(0, 25))
    return [a_case(n, skills=draw(some), party=draw(st.sampled_from(["", "f1", "f2", "f3"]))) for n in range(count)], an_office(
        *made
    )


@settings(max_examples=150, deadline=None)
@given(offices())
def test_no_case_could_be_moved_to_bring_loads_nearer_to_each_other(drawn: tuple[list[Wanting], dict[UUID, Desk]]) -> None:
    cases, office = drawn
    may = {case.id: candidates(case, office)[0] for case in cases}
    held = shared_out(cases, office)
    assert held.keys() == {case for case, some in may.items() if some}
    for case, one in held.items():
        assert one in may[case]
        assert all(office[other].load > office[one].load - 2 for other in may[case])
    again = level(held, may, {one: desk.load for one, desk in office.items()})
    assert again == []


def test_making_level_moves_as_few_cases_as_can_be() -> None:
    one, two, three = (uuid5(SPACE, name) for name in ("one", "two", "three"))
    cases = [uuid5(SPACE, f"case {n}") for n in range(9)]
    every = dict.fromkeys(cases, frozenset({one, two, three}))
    moves = level(dict.fromkeys(cases, one), every, {one: 9, two: 0, three: 0})
    assert len(moves) == 6
    assert Counter(move.target for move in moves) == {two: 3, three: 3}
    # over somebody in between: what one has only two can take, and what two has only three
    chain = {cases[0]: frozenset({one, two}), cases[1]: frozenset({one, two}), cases[2]: frozenset({two, three})}
    held = {cases[0]: one, cases[1]: one, cases[2]: two}
    moves = level(held, chain, {one: 2, two: 1, three: 0})
    after = Counter((held | {move.case: move.target for move in moves}).values())
    assert (len(moves), after) == (2, {one: 1, two: 1, three: 1})
