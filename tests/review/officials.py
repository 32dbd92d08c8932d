"""Acts of officials and an applicant about one application, over HTTP, for those who do them at random."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from shared.procedure.reviewing import Review
from tests.flows.corrections import day, days_pass
from tests.intake.parts import with_files
from tests.site import KOEN, Site, bearer, example, shipped

HOJOKIN = "hojokin-kofu"
GROUPS = ("grants", "public-relations", "kinki-bureau", "kanto-bureau")
# What the applicant is asked to mend, and what he sends in.
MENDING = {KOEN: ("/fee", "fee", 800), HOJOKIN: ("/title", "title", "省エネルギー設備の導入")}
ANSWERS = {200, 201, 202, 204, 403, 404, 409, 422}


@cache
def review_of(procedure: str) -> Review:
    """How a procedure is reviewed; its file is read once."""
    return shipped(procedure).review


@dataclass
class Town:
    """Counter and desk without limits of rate, an applicant, and officials who may do everything."""

    site: Site
    counter: TestClient
    desk: TestClient
    applicant: str
    keys: dict[str, str]

    def files(self, procedure: str) -> Matter:
        """A new application."""
        filing = with_files(self.counter, self.applicant, example(procedure))
        answer = self.counter.post("/v1/applications", json=filing, headers=bearer(self.applicant))
        assert answer.status_code == 202, answer.text
        return Matter(self, procedure, UUID(answer.json()["id"]))


@contextmanager
def town(site: Site) -> Iterator[Town]:
    """Everybody, on an empty site."""
    from services.intake.app import create_app as counter
    from services.review.app import create_app as desk

    site.empty()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for service in ("INTAKE", "REVIEW"):
            patch.setenv(f"MADOGUCHI_{service}_POSTS_PER_CALLER", "0")
            patch.setenv(f"MADOGUCHI_{service}_POSTS_PER_ADDRESS", "0")
        at_counter, at_desk = (stack.enter_context(TestClient(make())) for make in (counter, desk))
        keys = {name: site.a_reviewer(*GROUPS, email=f"{name}@example.go.jp", name=name) for name in ("one", "two", "head")}
        yield Town(site, at_counter, at_desk, site.an_applicant(), keys)
    site.empty()


@dataclass
class Matter:
    """An application with its case, as far as there is one."""

    town: Town
    procedure: str
    application: UUID
    done: list[str] = field(default_factory=list)

    @property
    def case(self) -> dict[str, Any]:
        """The case as the database has it now; its id is that of nothing while there is none."""
        found = self.town.site.rows('select * from review."case" where application_id = :id', id=self.application)
        return found[0] if found else {"id": self.application, "stage": "", "state": "none", "revision": 0}

    def acts(self, what: str, who: str) -> None:
        """Do something; that it is refused is as good as that it is done, that it breaks is not."""
        status = getattr(self, what.replace("-", "_"))(who)
        self.done.append(f"{what} by {who}: {status}")
        assert status in ANSWERS, self.done

    def at_once(self, *acts: tuple[str, str]) -> None:
        """Several people act at the same moment."""
        with ThreadPoolExecutor(len(acts)) as people:
            list(people.map(lambda act: self.acts(*act), acts))

    def _sends(self, who: str, method: str, path: str, body: Any = None) -> int:
        path = f"/v1/cases/{self.case['id']}{path}"
        return int(self.town.desk.request(method, path, json=body, headers=bearer(self.town.keys[who])).status_code)

    def judge(self, who: str, verdict: str = "met") -> int:
        review = review_of(self.procedure)
        stage = review.stage(self.case["stage"])
        keys = [one.key for one in stage.criteria]
        if stage.scores:
            return self._sends(who, "PUT", "/marks", {"marks": dict.fromkeys(keys, 3)})
        judged = [{"criterion": key, "verdict": verdict, "note": "x", "evidence": "x"} for key in keys or ["none"]]
        return self._sends(who, "PUT", "/judgements", {"judgements": judged})

    def find_fault(self, who: str) -> int:
        return self.judge(who, "not-met")

    def propose(self, who: str) -> int:
        return self._sends(who, "PUT", "/proposal", {"decision": "approve"})

    def propose_refusal(self, who: str) -> int:
        criterion = next((one.key for one in review_of(self.procedure).criteria()), "none")
        return self._sends(who, "PUT", "/proposal", {"decision": "refuse", "reasons": "x", "criteria": [criterion]})

    def pass_on(self, who: str) -> int:
        return self._sends(who, "POST", "/pass", {})

    def work(self, who: str) -> int:
        """All that a stage needs, by whoever it takes, and on to the next."""
        self.judge("one")
        self.judge("two")
        self.propose("one")
        return self.pass_on(who)

    def send_back(self, who: str) -> int:
        return self._sends(who, "POST", "/return", {"to": review_of(self.procedure).stages[0].key, "note": "再考"})

    def decide(self, who: str) -> int:
        review, case = review_of(self.procedure), self.case
        if len(review.stages) == 1:
            return self._sends(who, "POST", "/decision", {"decision": review.decisions[0], "revision": case["revision"] or None})
        number = self.town.site.value("select max(number) from review.proposal where case_id = :id", id=case["id"])
        return self._sends(who, "POST", "/approval", {"proposal": number or 1})

    def ask_correction(self, who: str) -> int:
        pointer = MENDING.get(self.procedure, ("/address", "", ""))[0]
        return self._sends(who, "POST", "/corrections", {"items": [{"pointer": pointer, "says": "確かめてください。"}]})

    def extend(self, who: str) -> int:
        return self._sends(who, "POST", "/correction/extension", {"due_on": day(20).isoformat()})

    def close_correction(self, who: str) -> int:
        return self._sends(who, "POST", "/correction/closing", {})

    def edit(self, who: str) -> int:
        return self._sends(who, "POST", "/edits", {"answers": {"title": f"設備の導入 {self.case['revision']}"}, "reason": "誤記"})

    def take(self, who: str) -> int:
        return self._sends(who, "POST", "/assignment/take")

    def release(self, who: str) -> int:
        return self._sends(who, "POST", "/assignment/release", {})

    def reassign(self, who: str) -> int:
        return self._sends(who, "POST", "/assignment", {})

    def answer(self, _: str) -> int:
        """The applicant mends what is asked for at present."""
        key, here = bearer(self.town.applicant), f"/v1/applications/{self.application}/correction"
        shown = self.town.counter.get(here, headers=key)
        if shown.status_code != 200 or self.procedure not in MENDING:
            return int(shown.status_code)
        _, name, entered = MENDING[self.procedure]
        entered = entered + len(self.done) if isinstance(entered, int) else f"{entered} {len(self.done)}"
        answers = {name: entered} | ({"fee_reason": "会場費のため"} if name == "fee" else {})
        return int(
            self.town.counter.put(here, json={"correction": shown.json()["id"], "answers": answers}, headers=key).status_code
        )

    def withdraw(self, _: str) -> int:
        here = f"/v1/applications/{self.application}/withdrawal"
        return int(self.town.counter.post(here, json={"reason": "中止"}, headers=bearer(self.town.applicant)).status_code)

    def deliver(self, _: str) -> int:
        self.town.site.deliver_all()
        return 200

    def last_day_passes(self, _: str) -> int:
        # the day moves, not the clock: what is asked for next would begin before the last one ended
        yesterday = "update review.correction set due_on = :day where state = 'asked'"
        self.town.site.run(yesterday, day=day(-1))
        days_pass(self.town.site, 0)
        return 200

    def replay(self, _: str) -> int:
        """What the desk heard of this application it hears again."""
        self.town.site.run(
            "update bus.delivery set state = 'waiting', due = now() where event_id in "
            "(select id from bus.event where subject = :subject) and state = 'done' and service = 'review'",
            subject=str(self.application),
        )
        self.town.site.deliver_all()
        return 200


OFFICIALS = (
    "judge",
    "find-fault",
    "propose",
    "propose-refusal",
    "pass-on",
    "work",
    "work",
    "work",
    "send-back",
    "decide",
    "decide",
)
CORRECTING = ("ask-correction", "extend", "close-correction", "edit", "answer", "last-day-passes")
OTHERS = ("take", "release", "reassign", "withdraw", "deliver", "replay")
