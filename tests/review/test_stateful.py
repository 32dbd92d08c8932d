"""Whatever officials and applicants do, in whatever order and at the same time: what must always hold, holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.review.clock import clock
from services.review.models import Case
from services.review.wall import HOUSE, acts
from shared.workdays import today
from tests.review.officials import CORRECTING, HOJOKIN, OFFICIALS, OTHERS, Matter, Town, review_of, town
from tests.site import DENKI, KOEN, Site

WHO = st.sampled_from(["one", "two", "head"])
ACTS = st.tuples(st.sampled_from([*OFFICIALS, *CORRECTING, *OTHERS]), WHO)
# What the applicant sees once everything was heard.
SEEN = {
    "open": {"in_review"},
    "correcting": {"correcting"},
    "withdrawn": {"withdrawn"},
    "decided": {"approved", "refused", "accepted"},
    "none": {"withdrawn"},  # before it arrived
}
BEFORE = """
select distinct account_id from review.audit_entry where case_id = :case and details ->> 'stage' <> :last
and act in ('case.propose', 'case.score', 'case.pass') and account_id is not null
"""


@pytest.fixture(scope="module")
def everybody(site: Site) -> Iterator[Town]:
    with town(site) as made:
        yield made


class Review(RuleBasedStateMachine):
    """One application and all that may happen to it."""

    town: ClassVar[Town]
    matter: Matter

    @initialize(procedure=st.sampled_from([KOEN, HOJOKIN, HOJOKIN, DENKI]), arrived=st.sampled_from([True, True, True, False]))
    def file(self, procedure: str, *, arrived: bool) -> None:
        self.matter = self.town.files(procedure)
        if arrived:
            self.matter.acts("deliver", "")

    @rule(act=ACTS)
    def somebody_acts(self, act: tuple[str, str]) -> None:
        self.matter.acts(*act)

    @rule(acts=st.lists(ACTS, min_size=2, max_size=3))
    def several_act_at_once(self, acts: list[tuple[str, str]]) -> None:
        self.matter.at_once(*acts)

    @rule(who=WHO)
    def the_office_goes_on(self, who: str) -> None:
        self.matter.acts("work", who)

    @rule(who=WHO)
    def the_applicant_is_asked_and_answers(self, who: str) -> None:
        for act in ("ask-correction", "deliver", "answer"):
            self.matter.acts(act, who)

    @invariant()
    def what_must_hold_holds(self) -> None:
        must_hold(self.matter)

    def teardown(self) -> None:
        if hasattr(self, "matter"):
            self.matter.acts("deliver", "")
            must_hold(self.matter)
            must_be_heard(self.matter)


def must_hold(matter: Matter) -> None:
    """One case, one decision, made at the end of a lawful way by whom it takes, and a clock that makes sense."""
    case, rows = matter.case, matter.town.site.rows
    told = rows("select * from bus.event where type = 'case.decided.v1' and subject = :subject", subject=str(matter.application))
    assert len(told) == (1 if case["state"] == "decided" else 0), matter.done
    if case["state"] == "none":
        return
    assert (case["decision"] is not None) == (case["state"] == "decided"), matter.done
    given = {"case": case["id"]}
    steps = rows("select * from review.step where case_id = :case order by number", **given)
    assert_is_a_way([one.key for one in review_of(matter.procedure).stages], steps, case, matter.done)
    open_ = rows("select * from review.proposal where case_id = :case and state = 'open'", **given)
    assert len(open_) <= (case["state"] in {"open", "correcting"}), matter.done
    if case["state"] == "decided":
        assert_was_decided_rightly(matter, case)
    assert_the_clock_makes_sense(matter, case)


def assert_is_a_way(stages: list[str], steps: list[dict[str, Any]], case: dict[str, Any], done: list[str]) -> None:
    """No stage is skipped, and where the case is follows from how it went."""
    assert [one["number"] for one in steps] == list(range(1, len(steps) + 1)), done
    assert steps[0]["stage"] == stages[0], done
    for before, after in pairwise(steps):
        was, is_ = stages.index(before["stage"]), stages.index(after["stage"])
        assert (before["move"] == "pass" and is_ == was + 1) or (before["move"] == "send-back" and is_ < was), done
        assert before["entered_at"] <= before["left_at"] <= after["entered_at"], done
    ends = {"open": "", "correcting": "", "decided": "decide", "withdrawn": "withdraw"}
    assert (steps[-1]["stage"], steps[-1]["move"]) == (case["stage"], ends[case["state"]]), done
    assert case["state"] != "decided" or case["stage"] == stages[-1], done


def assert_was_decided_rightly(matter: Matter, case: dict[str, Any]) -> None:
    """By somebody who did nothing before where two persons are wanted, on contents that everybody looked at."""
    review, rows = review_of(matter.procedure), matter.town.site.rows
    if review.stages[-1].two_person:
        before = {row["account_id"] for row in rows(BEFORE, case=case["id"], last=case["stage"])}
        before |= {row["by"] for row in rows("select by from review.judgement where case_id = :case", case=case["id"])}
        assert case["decided_by"] not in before, matter.done
    if len(review.stages) > 1:
        (proposal,) = rows("select * from review.proposal where case_id = :case and state = 'approved'", case=case["id"])
        assert (proposal["revision"], proposal["decision"]) == (case["revision"], case["decision"]), matter.done
    judged = rows("select * from review.judgement where case_id = :case", case=case["id"])
    assert {one["criterion"] for one in judged} == {
        one.key for stage in review.stages if not stage.scores for one in stage.criteria
    }, matter.done
    assert {one["revision"] for one in judged} <= {case["revision"]}, matter.done
    assert case["decision"] != "approve" or "not-met" not in {one["verdict"] for one in judged}, matter.done


def assert_the_clock_makes_sense(matter: Matter, case: dict[str, Any]) -> None:
    """It has used no less than nothing, and stands once at a time: while the applicant mends, and not when all is over."""
    with matter.town.site.session("review") as session:
        acts(session, HOUSE)
        read = clock.read(session, session.get_one(Case, case["id"]), today())
        asked = matter.town.site.rows("select state from review.correction where case_id = :case", case=case["id"])
    assert read.used >= 0 and (case["took_days"] or 0) >= 0, matter.done  # noqa: PT018
    assert case["state"] != "decided" or case["took_days"] is not None, matter.done
    mends = case["state"] == "correcting" and {"state": "asked"} in asked
    assert [one.ended_at is None for one in read.pauses] == [False] * (len(read.pauses) - mends) + [True] * mends, matter.done
    for before, after in pairwise(read.pauses):
        assert before.ended_at is not None and before.began_at <= before.ended_at <= after.began_at, matter.done  # noqa: PT018
    wanted = sum(one["state"] in {"asked", "expired"} for one in asked)
    assert wanted == (case["state"] == "correcting"), matter.done


def must_be_heard(matter: Matter) -> None:
    """Nothing is lost: everything was heard, the application has its one case, and both sides say the same."""
    site = matter.town.site
    stuck = site.rows(
        "select subscriber, error from bus.delivery where state <> 'done' and subject = :subject", subject=str(matter.application)
    )
    assert stuck == [], matter.done
    state = site.value("select state from intake.application where id = :id", id=matter.application)
    assert state in SEEN[matter.case["state"]], [*matter.done, matter.case["state"]]


def run(town: Town, examples: int, steps: int, *, anew: bool = False) -> None:
    class Here(Review):
        pass

    Here.town = town
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=not anew,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=chosen)


@pytest.mark.timeout(300)
def test_what_must_hold_holds_whatever_happens(everybody: Town) -> None:
    run(everybody, examples=8, steps=15)


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_it_holds_for_a_long_time(everybody: Town) -> None:
    run(everybody, examples=60, steps=30, anew=True)
