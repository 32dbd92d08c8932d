"""An official asks for a correction, the applicant mends what was asked, and the desk goes on with it: once, in any order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import ProgrammingError

from shared.bus.deliver import deliver
from tests.files.samples import PDF
from tests.flows import corrections as on
from tests.flows.test_withdrawal import withdraw
from tests.intake.test_attachments import sent
from tests.site import DENKI, ONE_STAGE, Site, bearer, example


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", "kinki-bureau", email="press@example.go.jp")


@pytest.fixture
def application(clean: Site, counter: TestClient, key: str, press: str) -> str:
    assert press
    return on.filed(clean, counter, key)


@pytest.fixture
def case(clean: Site, application: str) -> str:
    return on.case_of(clean, application)


@pytest.fixture
def correction(clean: Site, desk: TestClient, press: str, case: str) -> str:
    """Asked for, and known to the counter."""
    answer = on.ask(desk, press, case)
    assert answer.status_code == 201, answer.text
    clean.deliver_all()
    return str(answer.json()["id"])


def mails(site: Site) -> list[tuple[str, str]]:
    return [
        (row["template"], row["recipient"])
        for row in site.rows("select template, recipient from notify.message where channel = 'email' order by id")
    ]


def test_what_is_asked_is_mended_and_the_desk_sees_what_changed(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    asked = on.to_mend(counter, key, application)
    assert (asked["id"], asked["state"], asked["due_on"]) == (correction, "asked", on.day(14).isoformat())
    assert asked["items"] == [{"pointer": "/fee", "label": "入場料（円）", "says": on.FEE[0]["says"], "reply": ""}]
    assert set(asked["open"]) == {"/fee", "/fee_reason"}  # why there is a fee depends on the fee
    assert on.shown(counter, key, application)["status"] == "correcting"
    assert on.case(desk, press, case)["state"] == "correcting"

    sent = on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費に充てます。")
    assert sent.status_code == 200, sent.text
    assert (sent.json()["state"], sent.json()["revision"]) == ("answered", 2)
    clean.deliver_all()
    assert on.steps(counter, key, application) == ["filed", "arrived", "in_review", "asked", "answered"]
    whole = on.shown(counter, key, application)
    assert (whole["status"], whole["revision"], whole["answers"]["fee"]) == ("in_review", 2, 800)

    (seen,) = on.at_desk(desk, press, case)
    assert (seen["state"], seen["revision"], seen["late"]) == ("answered", 2, False)
    before = example(ONE_STAGE)["answers"]["fee"]
    assert before == 0
    assert [(one["label"], one["old"], one["new"]) for one in seen["changes"]] == [
        ("入場料（円）", "0", "800"),
        ("入場料を要する理由", "", "会場費に充てます。"),
    ]
    assert (on.case(desk, press, case)["state"], on.case(desk, press, case)["revision"]) == ("open", 2)
    assert on.decide(desk, press, case).status_code == 200
    clean.deliver_all()
    assert on.shown(counter, key, application)["timeline"][-1]["detail"]["revision"] == 2
    told = mails(clean)
    assert [one for one in told if "correct" in one[0]] == [
        ("correction-requested", "applicant@example.com"),
        ("corrected", "applicant@example.com"),
        ("case-corrected", "press@example.go.jp"),
    ]
    assert clean.undone() == 0


def test_what_was_filed_and_its_receipt_never_change(
    clean: Site, counter: TestClient, *, key: str, application: str, correction: str
) -> None:
    receipt = f"/v1/applications/{application}/receipt"
    before = counter.get(receipt, headers=bearer(key)).json()
    on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費")
    assert counter.get(receipt, headers=bearer(key)).json() == before
    with pytest.raises(ProgrammingError, match="permission denied"), clean.session("intake") as session:
        session.connection().exec_driver_sql("update intake.revision set answers = '{}'")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"event": "別の行事"}, "/answers/event"),  # not asked for
    ({"fee": 800}, "/answers/fee_reason"),  # needed with a fee
    ({"fee": -1}, "/answers/fee"),
    ({"fee": 0, "fee_reason": "要りません"}, "/answers/fee_reason"),  # not asked for without one
    ({"fee": 800, "fee_reason": "a\0b"}, "/answers/fee_reason"),
    ({"colour": "red"}, "/answers/colour"),
    ({"past": []}, "/answers/past"),
]


@pytest.mark.parametrize(("answers", "pointer"), REFUSED)
def test_only_what_was_asked_can_be_sent_in_and_it_has_to_fit(
    clean: Site, counter: TestClient, *, key: str, application: str, correction: str, answers: dict[str, Any], pointer: str
) -> None:
    answer = on.send_in(counter, key, application, correction, **answers)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert clean.value("select count(*) from intake.revision") == 0
    assert on.shown(counter, key, application)["status"] == "correcting"


def test_sending_in_nothing_new_is_refused(counter: TestClient, *, key: str, application: str, correction: str) -> None:
    assert on.send_in(counter, key, application, correction).status_code == 422
    assert on.send_in(counter, key, application, correction, fee=0).status_code == 422


def test_sent_twice_it_is_one_revision_and_something_else_is_late(
    clean: Site, counter: TestClient, *, key: str, application: str, correction: str
) -> None:
    for _ in range(3):
        assert on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費").json()["revision"] == 2
    assert on.send_in(counter, key, application, correction, fee=900, fee_reason="会場費").status_code == 409
    assert clean.value("select count(*) from bus.event where type = 'application.corrected.v1'") == 1


def test_of_two_who_send_at_the_same_time_one_holds(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    def send(fee: int) -> int:
        return on.send_in(counter, key, application, correction, fee=fee, fee_reason="会場費").status_code

    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(send, range(100, 700, 100)))
    assert sorted(answers) == [200] + [409] * 5
    clean.deliver_all()
    assert on.case(desk, press, case)["answers"]["fee"] == (answers.index(200) + 1) * 100


def test_a_row_that_was_asked_for_is_open_and_its_neighbours_are_not(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    application = on.filed(clean, counter, key, DENKI)
    case = on.case_of(clean, application)
    types = example(DENKI)["answers"]["types"]
    assert len(types) > 1
    asked = on.ask(desk, press, case, [{"pointer": "/types/0/type", "says": "型式名を書いてください。"}]).json()
    clean.deliver_all()
    assert on.to_mend(counter, key, application)["items"][0]["label"] == "型式の区分 1、型式"
    other = [types[0], {**types[1], "type": "ほかの型"}, *types[2:]]
    refused = on.send_in(counter, key, application, asked["id"], types=other)
    assert refused.json()["errors"][0]["pointer"] == "/answers/types/1/type"
    assert on.send_in(counter, key, application, asked["id"], types=types[1:]).status_code == 422
    mended = [{**types[0], "type": "電気こたつ"}, *types[1:]]
    assert on.send_in(counter, key, application, asked["id"], types=mended).status_code == 200
    clean.deliver_all()
    (change,) = on.at_desk(desk, press, case)[0]["changes"]
    assert (change["pointer"], change["new"]) == ("/types/0/type", "電気こたつ")


def test_what_mending_makes_wrong_elsewhere_opens_too(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    application = on.filed(clean, counter, key, DENKI)
    case = on.case_of(clean, application)
    asked = on.ask(desk, press, case, [{"pointer": "/classes", "says": "区分を足してください。"}]).json()
    clean.deliver_all()
    given = example(DENKI)["answers"]
    assert "/types" not in on.to_mend(counter, key, application)["open"]
    classes = [*given["classes"], "light-sources"]
    wrong = on.send_in(counter, key, application, asked["id"], classes=classes)
    assert wrong.status_code == 422, wrong.text  # a class without a type
    assert wrong.json()["errors"][0]["pointer"] == "/answers/types"
    types = [*given["types"], {"class": "light-sources", "type": "LED電球"}]
    assert on.send_in(counter, key, application, asked["id"], types=types).status_code == 422  # not open by itself
    sent = on.send_in(counter, key, application, asked["id"], classes=classes, types=types)
    assert sent.status_code == 200, sent.text


# asking


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"items": []}, "/items"),
    ({"items": [{"pointer": "/nothing", "says": "x"}]}, "/items/0/pointer"),
    ({"items": [{"pointer": "/past/7/year", "says": "x"}]}, "/items/0/pointer"),
    ({"items": [{"pointer": "/fee", "says": "  "}]}, "/items/0/says"),
    ({"items": [{"pointer": "/fee", "says": "x" * 1001}]}, "/items/0/says"),
    ({"items": on.FEE * 2}, "/items/1/pointer"),
    ({"due_on": "2020-01-01"}, "/due_on"),
    ({"due_on": "9999-01-01"}, "/due_on"),
    ({"note": "a\0b"}, "/note"),
]


@pytest.mark.parametrize(("body", "pointer"), UNFIT)
def test_what_cannot_be_asked_is_refused_where_it_is_wrong(
    clean: Site, desk: TestClient, *, press: str, case: str, body: dict[str, Any], pointer: str
) -> None:
    answer = on.ask(desk, press, case, **body)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert clean.value('select state from review."case"') == "open"
    assert clean.value("select count(*) from review.correction") == 0


def test_only_the_office_asks_and_only_the_organisation_answers(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    other_office = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    assert on.ask(desk, other_office, case).status_code == 404
    assert on.ask(desk, key, case).status_code == 403
    stranger = clean.an_applicant("b@example.com", name="乙")
    for answer in (
        counter.get(f"/v1/applications/{application}/correction", headers=bearer(stranger)),
        on.send_in(counter, stranger, application, correction, fee=1, fee_reason="x"),
    ):
        assert answer.status_code == 404
    assert on.send_in(counter, press, application, correction, fee=1).status_code == 403
    assert on.ask(desk, press, case).status_code == 409  # one at a time


# the clock and the last day


def test_the_clock_stands_while_the_applicant_mends(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    ((began, ended),) = [tuple(row.values()) for row in clean.rows("select began_at, ended_at from review.pause")]
    assert (began is None, ended is None) == (False, True)
    on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費")
    clean.deliver_all()
    (pause,) = clean.rows("select p.*, c.answered_at from review.pause p join review.correction c on c.case_id = p.case_id")
    assert pause["ended_at"] == pause["answered_at"]
    on.ask(desk, press, case)
    assert clean.value("select count(*) from review.pause") == 2


def test_the_applicant_is_reminded_once_and_the_last_day_passes_once(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert correction
    on.days_pass(clean, 10)
    assert [name for name, _ in mails(clean)].count("correction-reminded") == 0
    for days in (11, 12, 14):
        on.days_pass(clean, days)
        clean.deliver_all()
    assert [name for name, _ in mails(clean)].count("correction-reminded") == 1
    assert on.decide(desk, press, case).status_code == 409  # the applicant has until then
    for _ in range(2):
        on.days_pass(clean, 15)
        clean.deliver_all()
    told = mails(clean)
    assert told.count(("correction-expired", "applicant@example.com")) == 1
    assert told.count(("case-correction-expired", "press@example.go.jp")) == 1
    assert on.to_mend(counter, key, application)["state"] == "expired"
    assert on.steps(counter, key, application)[-1] == "expired"
    assert clean.value("select count(*) from review.pause where ended_at is null") == 0
    assert on.case(desk, press, case)["state"] == "correcting"


def test_after_the_last_day_nothing_is_taken_unless_it_is_extended(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    on.last_day_was_yesterday(clean)
    mended = {"fee": 800, "fee_reason": "会場費"}
    late = on.send_in(counter, key, application, correction, **mended)  # the errand has not even looked
    assert (late.status_code, late.json()["type"]) == (409, "urn:madoguchi:problem:conflict")
    on.days_pass(clean, 0)
    clean.deliver_all()
    again = desk.post(f"/v1/cases/{case}/correction/extension", json={"due_on": on.day(7).isoformat()}, headers=bearer(press))
    assert (again.status_code, again.json()["state"]) == (200, "asked")
    clean.deliver_all()
    assert on.steps(counter, key, application)[-2:] == ["expired", "extended"]
    assert on.send_in(counter, key, application, correction, **mended).status_code == 200
    clean.deliver_all()
    assert on.case(desk, press, case)["revision"] == 2
    assert clean.value("select count(*) from review.pause") == 2


def test_a_last_day_so_near_is_not_reminded_of(clean: Site, desk: TestClient, *, press: str, case: str) -> None:
    on.ask(desk, press, case, due_on=on.day(3).isoformat())
    on.days_pass(clean, 1)
    clean.deliver_all()
    assert "correction-reminded" not in [name for name, _ in mails(clean)]


def test_the_official_goes_on_without_it(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    closing = f"/v1/cases/{case}/correction/closing"
    assert desk.post(closing, json={"note": "書類で分かりました。"}, headers=bearer(press)).json()["state"] == "closed"
    assert desk.post(closing, json={}, headers=bearer(press)).status_code == 409
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == "in_review"
    assert on.send_in(counter, key, application, correction, fee=800, fee_reason="x").status_code == 409
    assert on.decide(desk, press, case).status_code == 200


def test_an_expired_case_can_be_refused(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert correction
    on.last_day_was_yesterday(clean)
    on.days_pass(clean, 0)
    clean.deliver_all()
    assert on.decide(desk, press, case, "refuse", reasons="補正がありませんでした。").status_code == 200
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == "refused"
    assert on.to_mend(counter, key, application)["state"] == "closed"
    assert on.at_desk(desk, press, case)[0]["state"] == "closed"


def test_an_official_does_not_decide_on_contents_that_he_has_not_seen(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費")
    clean.deliver_all()
    assert on.decide(desk, press, case, revision=1).status_code == 409
    assert on.decide(desk, press, case, revision=2).status_code == 200


# the orders


def mend(counter: TestClient, key: str, application: str, correction: str) -> int:
    return on.send_in(counter, key, application, correction, fee=800, fee_reason="会場費").status_code


def test_closed_while_the_answer_is_under_way_the_case_has_it_all_the_same(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert mend(counter, key, application, correction) == 200
    desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press))
    clean.deliver_all()
    assert (on.case(desk, press, case)["revision"], on.case(desk, press, case)["state"]) == (2, "open")
    assert on.shown(counter, key, application)["status"] == "in_review"
    assert clean.undone() == 0


def test_closed_and_asked_anew_while_the_answer_is_under_way_both_hold(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert mend(counter, key, application, correction) == 200
    desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press))
    second = on.ask(desk, press, case, [{"pointer": "/visitors", "says": "人数"}]).json()["id"]
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == on.case(desk, press, case)["state"] == "correcting"
    assert on.to_mend(counter, key, application)["id"] == second
    assert on.send_in(counter, key, application, second, visitors=5).json()["revision"] == 3
    clean.deliver_all()
    found = on.case(desk, press, case)
    assert (found["revision"], found["answers"]["fee"], found["answers"]["visitors"], found["state"]) == (3, 800, 5, "open")
    assert clean.undone() == 0


def test_in_time_but_heard_after_the_last_day_it_counts(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert mend(counter, key, application, correction) == 200
    on.days_pass(clean, 15)  # before the desk hears of it
    clean.deliver_all()
    assert (on.case(desk, press, case)["state"], on.case(desk, press, case)["revision"]) == ("open", 2)
    assert (on.at_desk(desk, press, case)[0]["state"], on.shown(counter, key, application)["status"]) == ("answered", "in_review")
    assert clean.undone() == 0


def test_heard_after_the_decision_it_is_kept_and_said_to_both(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert mend(counter, key, application, correction) == 200
    on.days_pass(clean, 15)
    assert on.decide(desk, press, case, "refuse", reasons="補正がありませんでした。").status_code == 200
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == "refused"
    assert on.shown(counter, key, application)["timeline"][-1]["detail"]["revision"] == 1
    (seen,) = on.at_desk(desk, press, case)
    assert (seen["late"], seen["revision"], len(seen["changes"])) == (True, 2, 2)
    assert on.case(desk, press, case)["revision"] == 1
    (filling,) = [
        row["filling"]
        for row in clean.rows("select filling from notify.message where channel = 'email' and template = 'case-corrected'")
    ]
    assert "決定" in filling["late"]
    assert clean.undone() == 0


def test_mended_then_withdrawn_both_are_heard_in_this_order(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    assert mend(counter, key, application, correction) == 200
    assert withdraw(counter, key, application).json()["status"] == "withdrawing"
    for event in [event for service, event in clean.due() if service == "review"][::-1]:
        deliver(on.post_of("review"), [event])
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == on.case(desk, press, case)["state"] == "withdrawn"
    assert on.case(desk, press, case)["revision"] == 2
    assert clean.undone() == 0


def test_withdrawn_while_it_is_asked_for_nothing_is_left_to_mend(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, correction: str
) -> None:
    withdraw(counter, key, application)
    assert mend(counter, key, application, correction) == 409
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == on.case(desk, press, case)["state"] == "withdrawn"
    assert on.at_desk(desk, press, case)[0]["state"] == on.to_mend(counter, key, application)["state"] == "closed"
    assert clean.value("select count(*) from review.pause where ended_at is null") == 0


def test_asked_and_withdrawn_at_the_same_time_it_is_withdrawn(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    assert withdraw(counter, key, application).json()["status"] == "withdrawing"
    assert on.ask(desk, press, case).status_code == 201  # the desk has not heard of it
    one_way_first = ("intake", "review")
    for service in one_way_first:
        on.one_service(clean, service)
    clean.deliver_all()
    assert on.shown(counter, key, application)["status"] == on.case(desk, press, case)["state"] == "withdrawn"
    assert clean.undone() == 0


KINDS = [
    "correction.requested.v1",
    "correction.extended.v1",
    "correction.expired.v1",
    "application.corrected.v1",
    "case.corrected.v1",
]


@pytest.mark.parametrize("kind", KINDS)
def test_delivered_twice_it_is_done_once(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str, kind: str
) -> None:
    correction = on.ask(desk, press, case).json()["id"]
    clean.deliver_all()
    on.days_pass(clean, 15)
    clean.deliver_all()
    desk.post(f"/v1/cases/{case}/correction/extension", json={"due_on": on.day(9).isoformat()}, headers=bearer(press))
    clean.deliver_all()
    assert mend(counter, key, application, correction) == 200
    clean.deliver_all()

    def everything() -> Any:
        told = clean.value("select count(*) from notify.message where channel = 'email'")
        return on.shown(counter, key, application), on.case(desk, press, case), on.at_desk(desk, press, case), told

    before = everything()
    on.bring_back(clean, kind)
    clean.deliver_all()
    assert everything() == before
    assert clean.undone() == 0


def test_everything_at_the_same_time_ends_the_same_on_both_sides(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    ids = [on.filed(clean, counter, key) for _ in range(10)]
    cases = {one: on.case_of(clean, one) for one in ids}
    asked = {one: on.ask(desk, press, cases[one]).json()["id"] for one in ids}
    clean.deliver_all()

    def all_at_once(application: str) -> None:
        case = cases[application]
        with ThreadPoolExecutor(6) as parties:
            parties.submit(mend, counter, key, application, asked[application])
            parties.submit(withdraw, counter, key, application)
            parties.submit(desk.post, f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press))
            parties.submit(on.decide, desk, press, case)
            parties.submit(on.one_service, clean, "review")
            parties.submit(on.one_service, clean, "intake")

    with ThreadPoolExecutor(2) as pairs:
        list(pairs.map(all_at_once, ids))
    clean.deliver_all()
    assert clean.undone() == 0
    pairs_of = {"approved": "decided", "withdrawn": "withdrawn", "in_review": "open"}
    for application in ids:
        counter_says, desk_says = on.shown(counter, key, application), on.case(desk, press, cases[application])
        assert desk_says["state"] == pairs_of[counter_says["status"]]
        sent = clean.value("select count(*) from intake.revision where application_id = cast(:id as uuid)", id=application)
        (seen,) = on.at_desk(desk, press, cases[application])
        assert (seen["revision"] == 2) == bool(sent)  # whatever was sent in, the desk has
        assert desk_says["revision"] == (2 if sent and not seen["late"] else 1)


# files


def test_a_file_that_was_asked_for_goes_with_it_and_the_desk_opens_it(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    asked = on.ask(desk, press, case, [{"pointer": "/plan", "says": "事業計画書を付けてください。"}]).json()["id"]
    clean.deliver_all()
    refused = on.send_in(counter, key, application, asked, plan={**sent(counter, key)["reference"], "name": "別の名.pdf"})
    assert refused.json()["errors"][0]["pointer"] == "/answers/plan"
    stranger = clean.an_applicant("b@example.com", name="乙")
    taken = on.send_in(counter, key, application, asked, plan=sent(counter, stranger)["reference"])
    assert taken.json()["errors"][0]["pointer"] == "/answers/plan"
    file = sent(counter, key)
    assert on.send_in(counter, key, application, asked, plan=file["reference"]).status_code == 200
    clean.deliver_all()
    assert on.at_desk(desk, press, case)[0]["changes"][0]["new"].startswith("事業計画書.pdf")
    content = f"/v1/cases/{case}/attachments/{file['id']}/content"
    assert desk.get(content, headers=bearer(press)).content == PDF
    assert clean.value("select count(*) from intake.enclosure where attachment_id = cast(:id as uuid)", id=file["id"]) == 1
    again = on.ask(desk, press, case, [{"pointer": "/plan", "says": "新しいものを付けてください。"}]).json()["id"]
    clean.deliver_all()
    newer = sent(counter, key, PDF + b"\n%new\n", "計画2.pdf")
    assert on.send_in(counter, key, application, again, plan=newer["reference"]).status_code == 200
    clean.deliver_all()
    assert desk.get(content, headers=bearer(press)).status_code == 200  # what it was before stays at hand


def test_a_file_that_waits_for_its_scan_is_not_sent_in_yet(
    clean: Site, counter: TestClient, desk: TestClient, monkeypatch: pytest.MonkeyPatch, *, key: str, press: str, application: str
) -> None:
    asked = on.ask(desk, press, on.case_of(clean, application), [{"pointer": "/plan", "says": "計画"}]).json()["id"]
    clean.deliver_all()
    file = sent(counter, key)["reference"]
    monkeypatch.setattr(counter.app.state.settings, "clamd", "tcp://127.0.0.1:9")  # type: ignore[attr-defined]
    waiting = on.send_in(counter, key, application, asked, plan=file)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (409, "5")
    clean.run("update intake.attachment set state = 'infected'")
    assert on.send_in(counter, key, application, asked, plan=file).status_code == 422
    clean.run("update intake.attachment set state = 'clean'")
    assert on.send_in(counter, key, application, asked, plan=file).status_code == 200
