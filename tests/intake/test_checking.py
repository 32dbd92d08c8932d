"""The format check and what follows it: an application moves only as the table of transitions says."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from services.intake.applications.applications import TRANSITIONS, IllegalMove, move
from services.intake.models import Application
from tests.intake.parts import file
from tests.site import DENKI, KOEN, Site, bearer, example


def after_check(site: Site, counter: TestClient, filing: dict[str, Any]) -> dict[str, Any]:
    key = site.an_applicant()
    answer = file(counter, key, filing)
    assert answer.status_code == 202, answer.text
    site.deliver_all()
    shown: dict[str, Any] = counter.get(answer.headers["location"], headers=bearer(key)).json()
    return shown


def test_what_is_in_order_arrives_with_a_number_and_the_event_carries_all_the_desk_needs(
    clean: Site, counter: TestClient
) -> None:
    shown = after_check(clean, counter, example(KOEN))
    (event,) = clean.rows("select * from bus.event where type = 'application.arrived.v1'")
    assert (event["subject"], event["sequence"]) == (shown["id"], 2)
    assert event["data"]["arrival_number"] == shown["arrival_number"]
    assert event["data"]["answers"] == example(KOEN)["answers"]


def test_what_a_rule_forbids_is_returned_with_every_mend_in_both_languages(clean: Site, counter: TestClient) -> None:
    filing = example(KOEN)
    filing["answers"] |= {"held": {"from": "2020-10-06", "to": "2020-10-05"}, "fee": 500}
    shown = after_check(clean, counter, filing)
    assert (shown["status"], shown["arrival_number"]) == ("returned", None)
    mends = shown["timeline"][-1]["detail"]["mends"]
    assert [mend["pointer"] for mend in mends] == ["/fee_reason", "/held", "/held"]
    for mend in mends:
        assert mend["en"].isascii() or "“" in mend["en"]
        assert not mend["ja"].isascii()
    (event,) = clean.rows("select * from bus.event where type = 'application.returned.v1'")
    assert event["data"]["mends"] == mends
    assert clean.value('select count(*) from review."case"') == 0


def test_a_warning_does_not_return_an_application(clean: Site, counter: TestClient) -> None:
    filing = example(DENKI)
    assert filing["answers"]["started"] < "2026-10-01"  # long ago: a warning, and its reason is given
    assert after_check(clean, counter, filing)["status"] == "in_review"


def test_a_missing_answer_that_another_answer_requires_returns_it(clean: Site, counter: TestClient) -> None:
    filing = example(DENKI)
    del filing["answers"]["late_reason"]
    shown = after_check(clean, counter, filing)
    assert [mend["pointer"] for mend in shown["timeline"][-1]["detail"]["mends"]] == ["/late_reason"]


def test_a_corporate_number_with_a_wrong_check_digit_returns_it(clean: Site, counter: TestClient) -> None:
    filing = example(DENKI)
    filing["answers"]["corporate_number"] = "4010401067252"
    shown = after_check(clean, counter, filing)
    assert [mend["pointer"] for mend in shown["timeline"][-1]["detail"]["mends"]] == ["/corporate_number"]


def test_an_application_keeps_the_version_it_was_filed_under(clean: Site, counter: TestClient) -> None:
    from services.intake.catalogue.procedures import publish
    from shared.procedure.fields import Text
    from shared.procedure.files import read
    from tests.site import PROCEDURES

    key = clean.an_applicant()
    before = file(counter, key, example(KOEN)).json()
    procedure = read(PROCEDURES / f"{KOEN}.yaml")
    changed = procedure.model_copy(update={"owner": Text(ja="別の課", en="Another division")})
    try:
        with clean.session("intake") as session:
            newer, again = publish(session, changed), publish(session, changed)
            session.commit()
        assert newer == again
        assert newer.version == before["procedure"]["version"] + 1
        clean.deliver_all()
        (case,) = clean.rows('select procedure_version from review."case"')
        assert case["procedure_version"] == before["procedure"]["version"]
    finally:  # the shipped version is in force again
        clean.run("delete from bus.event where type = 'procedure.published.v1'")
        clean.run("delete from intake.application")
        clean.run("delete from intake.procedure where id = :id and version > 1", id=KOEN)
        clean.run("delete from review.procedure where id = :id and version > 1", id=KOEN)
        for service in ("notify", "opendata"):
            clean.run(f"update {service}.procedure set version = 1 where id = :id", id=KOEN)


def an_application(state: str) -> Application:
    return Application(
        id=uuid4(),
        organisation_id=uuid4(),
        account_id=uuid4(),
        procedure_id=KOEN,
        procedure_version=1,
        applicant={},
        contact={},
        answers={},
        state=state,
        version=3,
        receipt_number="R1",
        filed_at=datetime.now(UTC),
        digest=b"",
    )


@pytest.mark.parametrize(("state", "target"), list(product(TRANSITIONS, TRANSITIONS)))
def test_an_application_moves_as_the_table_says_and_not_otherwise(state: str, target: str) -> None:
    application = an_application(state)
    if target in TRANSITIONS[state]:
        step = move(application, target, datetime.now(UTC), why="so")
        assert (step.application_id, step.version, step.state, step.detail) == (application.id, 4, target, {"why": "so"})
    else:
        with pytest.raises(IllegalMove):
            move(application, target, datetime.now(UTC))


def test_every_state_can_be_reached_and_has_a_way_out_or_is_an_end() -> None:
    reached, todo = set(), ["filed"]
    while todo:
        state = todo.pop()
        reached.add(state)
        todo += TRANSITIONS[state] - reached
    assert reached == TRANSITIONS.keys()
    assert {state for state, ways in TRANSITIONS.items() if not ways} == {
        "returned",
        "approved",
        "partly_approved",
        "refused",
        "accepted",
        "withdrawn",
    }
