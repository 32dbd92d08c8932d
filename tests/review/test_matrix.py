"""State × action × role: every cell of the table of what may be done is walked over HTTP, and answers as the table says.

What is expected is worked out here from the table and the duties of a caller, without the desk's own functions. A request that
the desk carries out is rolled back, so that each cell finds the case as it was prepared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text
from sqlmodel import Session

from services.review.cases.moves import MOVES, STANDINGS
from shared.identity import accounts, duties
from tests.review.parts import CASES, an_arrival, opens
from tests.review.samples import POSITIONS, SAMPLES, sample
from tests.site import ONE_STAGE, Site, bearer

HOJOKIN = "hojokin-kofu"
GROUPS = ("grants", "public-relations")
EVERY_DUTY = ("examiner", "approver", "manager", "section-chief", "deputy-approver")
STAGES = {"only": "review", "first": "reception", "middle": "assessment", "last": "decision", "last-small": "decision"}
# Which duties work on a case where it stands, by the procedures' files.
WORKING = {
    "only": {"examiner"},
    "first": {"examiner"},
    "middle": {"examiner"},
    "last": {"approver"},
    "last-small": {"approver", "section-chief"},
}
SMALL = 3_000_000
# Nothing is decided before the last stage; and what ended or waits in one place waits in the others.
WHERE = {
    "decided": {"only", "last"},
    "withdrawn": {"only", "middle"},
    "correcting": {"first", "last"},
    "lapsed": {"only", "middle", "last"},
}
# Each makes a PDF: of the cells in which they work, one for each state is enough.
DEAR = frozenset({"preview-document"})


@dataclass
class Somebody:
    """Who calls: with these duties, or turned away before the table with `turned`."""

    key: str
    id: UUID
    held: frozenset[str] = frozenset()
    turned: int | None = None


@dataclass
class Walk:
    """The desk on one connection whose changes are taken back after each request."""

    client: TestClient
    connection: Connection
    people: dict[str, Somebody] = field(default_factory=dict)
    cases: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def answer(self, action: str, standing: str, position: str, who: str) -> int:
        """The status of one cell."""
        case, caller, wanted = self.cases[standing, position], self.people[who], sample(action, position)
        names = {"opinion": case["opinion"], "earlier": self.people["earlier"].id}
        body = None if wanted.body is None else json.loads(_filled(json.dumps(wanted.body), names))
        cell = self.connection.begin_nested()
        try:
            if wanted.setting:
                self.connection.execute(text("select set_config('madoguchi.acts', 'house', true)"))
                given = {"case": case["id"], "opinion": case["opinion"], "caller": caller.id}
                given = {name: value for name, value in given.items() if f":{name}" in wanted.setting}
                self.connection.execute(text(wanted.setting), given)
                self.connection.execute(text("select set_config('madoguchi.acts', '', true)"))
            path = f"{CASES}/{case['id']}{_filled(wanted.path, names)}"
            sent = self.client.request(wanted.method, path, json=body, headers=bearer(caller.key))
            return int(sent.status_code)
        finally:
            cell.rollback()


def _filled(written: str, names: dict[str, Any]) -> str:
    for name, value in names.items():
        written = written.replace(f"{{{name}}}", str(value))
    return written


@pytest.fixture(scope="module")
def walk(site: Site) -> Iterator[Walk]:
    """One case for each state and position, and everybody who might call."""
    from services.review.app import create_app

    site.empty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MADOGUCHI_REVIEW_POSTS_PER_CALLER", "0")
        patch.setenv("MADOGUCHI_REVIEW_POSTS_PER_ADDRESS", "0")
        app = create_app()
    with TestClient(app) as client:
        engine = app.state.engine
        people = _people(site)
        cases = _cases(site, people["earlier"])
        _conflicts(site, people["conflicted"], cases)
        with engine.connect() as connection:
            outer = connection.begin()
            app.state.engine = connection
            yield Walk(client, connection, people, cases)
            app.state.engine = engine
            outer.rollback()
    site.empty()


def _people(site: Site) -> dict[str, Somebody]:
    people = {
        "nobody": Somebody("", uuid4(), turned=401),
        "applicant": Somebody(site.an_applicant(), uuid4(), turned=403),
        "operator": Somebody(site.an_operator(), uuid4(), turned=403),
    }
    with Session(site.operator) as session:

        def reviewer(name: str, *held: str, groups: tuple[str, ...] = GROUPS, turned: int | None = None, email: str = "") -> None:
            email = email or f"{name}@example.go.jp"
            account = accounts.add_account(session, email, name, "reviewer", groups=groups, duties=held)
            people[name] = Somebody(accounts.issue_key(session, account), account.id, frozenset(held), turned)

        for duty in EVERY_DUTY:
            reviewer(duty, duty)
        reviewer("everything", *EVERY_DUTY)
        reviewer("earlier", *EVERY_DUTY)
        reviewer("no-duty", turned=404)
        reviewer("elsewhere", *EVERY_DUTY, groups=("kinki-bureau",), turned=404)
        reviewer("conflicted", *EVERY_DUTY, turned=404)
        reviewer("filer", *EVERY_DUTY, turned=404, email="secret@example.com")  # an_arrival's contact
        reviewer("another-procedure", turned=404)
        for group in GROUPS:
            duties.give(session, people["another-procedure"].id, group, EVERY_DUTY, "koen-meigi")
        session.commit()
    return people


def _cases(site: Site, earlier: Somebody) -> dict[tuple[str, str], dict[str, Any]]:
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for position in POSITIONS:
        wanted = [one for one in STANDINGS if position in WHERE.get(one, POSITIONS)]
        events = [an_arrival(ONE_STAGE if position == "only" else HOJOKIN) for _ in wanted]
        opens(site, *events)
        for standing, event in zip(wanted, events, strict=True):
            case = site.value('select id from review."case" where application_id = :id', id=UUID(event.subject))
            made[standing, position] = {"id": case, "opinion": uuid4()}
            for statement in _prepared(standing, position):
                given = {"case": case, "earlier": earlier.id, "opinion": made[standing, position]["opinion"]}
                site.run(statement, **{name: value for name, value in given.items() if f":{name}" in statement})
    return made


_STEP = """
insert into review.step (case_id, number, stage, entered_at, left_at, left_by, move, left_by_name, note)
values (:case, {number}, '{stage}', now(), {left}, '', '') on conflict (case_id, number) do update
set left_at = excluded.left_at, left_by = excluded.left_by, move = excluded.move
"""
_OPINION = """
insert into review.opinion (id, case_id, name, email, language, question, fields, attachments, with_contact, revision, due_on,
  asked_at, asked_by, asked_by_name, state, version, answer, earlier)
values (:opinion, :case, 'x', 'x@example.com', 'ja', '?', '[]', '[]', false, 1, current_date + 9,
  now(), :earlier, '', 'asked', 1, '', '[]')
"""
_JUDGED = """
insert into review.judgement (case_id, criterion, stage, verdict, note, evidence, revision, by, by_name, at)
select :case, key, 'reception', 'met', '', 'x', 1, :earlier, '', now() from unnest(array['eligible_applicant', 'papers']) key
"""
_MARKED = """
insert into review.score_sheet (case_id, stage, account_id, name, marks, notes, revision, at)
select :case, 'assessment', gen_random_uuid(), 'x', '{"productivity": 3, "feasibility": 3, "costs_fit": 3}', '{}', 1, now()
from generate_series(1, 2)
"""
_PROPOSED = """
insert into review.proposal (id, case_id, number, decision, amount, conditions, reasons, criteria, revision, by, by_name, at,
  state)
select gen_random_uuid(), id, 1, '{decision}', {amount}, '[]', 'x', '[]', 1, :earlier, '', stage_since, 'open'
from review."case" where id = :case
"""
_CORRECTION = """
insert into review.correction (id, case_id, items, note, asked_at, asked_by, asked_by_name, due_on, state)
values (gen_random_uuid(), :case, '[]', '', now(), :earlier, '', current_date + 1, '{state}')
"""


@cache
def _requested() -> int:
    """The amount that is applied for."""
    return int(an_arrival(HOJOKIN).answers["requested"])


def _prepared(standing: str, position: str) -> Iterator[str]:
    """SQL that brings a new case there: by way of the stages before, with what the next act needs."""
    stages = ["review"] if position == "only" else ["reception", "assessment", "decision"]
    stages = stages[: stages.index(STAGES[position]) + 1]
    for number, stage in enumerate(stages, 1):
        left = "null, null, ''" if stage == stages[-1] else "now(), :earlier, 'pass'"
        yield _STEP.format(number=number, stage=stage, left=left)
    if position != "only":
        yield _JUDGED
        small = position == "last-small"
        amount = SMALL if small else _requested()
        yield _PROPOSED.format(decision="approve-in-part" if small else "approve", amount=amount)
    if "decision" in stages:
        yield _MARKED
    yield _OPINION
    if standing in {"correcting", "lapsed"}:
        yield _CORRECTION.format(state="asked" if standing == "correcting" else "expired")
    state = "correcting" if standing == "lapsed" else standing
    decided = ", decision = 'approve', decided_by = :earlier, decided_at = now()" if standing == "decided" else ""
    yield f"""update review."case" set official_id = null, official_name = '', stage = '{stages[-1]}', stage_since = now(),
              state = '{state}'{decided} where id = :case"""


def _conflicts(site: Site, official: Somebody, cases: dict[tuple[str, str], dict[str, Any]]) -> None:
    for case in cases.values():
        site.run(
            """insert into review.conflict (id, account_id, kind, party, reason, declared_at, declared_by, declared_by_name)
               values (gen_random_uuid(), :who, 'case', cast(:party as text), 'x', now(), :who, '')""",
            who=official.id,
            party=str(case["id"]),
        )


def expected(action: str, standing: str, position: str, who: str, caller: Somebody) -> set[int]:
    """How the desk has to answer: turned away, not seen, not with these duties, not in this state; else as the act says."""
    if caller.turned:
        return {caller.turned}
    move = MOVES[action]
    wanted = {"anybody": set(caller.held), "manager": {"manager"}}.get(move.who, WORKING[position])
    if not wanted & caller.held:
        return {403}
    if standing not in move.states:
        return {409}
    if action == "take" and "examiner" not in caller.held:
        return {403}  # a case is given to somebody who could work on it from its first stage
    if action in {"decide", "judge", "score"} and who == "earlier" and position in {"last", "last-small"}:
        return {409}  # two persons
    return {sample(action, position).but.get(position, 0)} - {0} or {200, 201, 204}


def test_every_act_has_its_sample() -> None:
    assert set(MOVES) - set(SAMPLES) == set(), "add a request for it to tests/review/samples.py"


@pytest.mark.parametrize("action", sorted(MOVES))
def test_the_table_is_what_the_desk_does(walk: Walk, action: str) -> None:
    wrong = []
    worked: set[str] = set()
    for standing, position, who in cells(walk):
        want = expected(action, standing, position, who, walk.people[who])
        if action in DEAR and standing in worked and min(want) < 300:
            continue
        got = walk.answer(action, standing, position, who)
        if got < 300:
            worked.add(standing)
        if got not in want:
            wrong.append(f"{action} · {standing} · {position} · {who}: {got} instead of {sorted(want)}")
    assert wrong == []


def cells(walk: Walk) -> Iterator[tuple[str, str, str]]:
    """Every state and position with everybody who gets as far as the table; with the others, of whom no case says more, two."""
    for standing, position in walk.cases:
        for who, caller in walk.people.items():
            if caller.turned is None or (standing, position) in {("open", "first"), ("decided", "only")}:
                yield standing, position, who
