"""Entries that an official changes himself: where the procedure lets him, with a reason, checked by form and rules, told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.review.procedures import version
from shared.events import ProcedureRef
from tests.flows import corrections as on
from tests.site import ONE_STAGE, Site, bearer
from tests.web.conftest import HTML

REASON = "記載の誤りを電話で確かめたため。"
PLAN = "keieiryoku-keikaku"


@pytest.fixture(autouse=True)
def editable(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The procedures let officials change some fields."""
    with clean.session("review") as session:
        for procedure, keys in ((ONE_STAGE, ["event", "fee", "past"]), (PLAN, ["target", "years"])):
            found = session.connection().exec_driver_sql(f"select max(version) from review.procedure where id = '{procedure}'")
            review = version(session, ProcedureRef(id=procedure, version=int(found.scalar_one()))).review
            monkeypatch.setitem(review.__dict__, "editable", keys)


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", "kinki-bureau", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def application(clean: Site, counter: TestClient, key: str, press: str) -> str:
    assert press
    return on.filed(clean, counter, key)


@pytest.fixture
def case(clean: Site, application: str) -> str:
    return on.case_of(clean, application)


def edit(desk: TestClient, key: str, case: str, reason: str = REASON, **answers: Any) -> httpx.Response:
    body = {"answers": answers, "reason": reason}
    answer: httpx.Response = desk.post(f"/v1/cases/{case}/edits", json=body, headers=bearer(key))
    return answer


def test_a_change_is_a_new_revision_on_both_sides_with_its_reason_and_the_applicant_is_told(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    clean.run("truncate notify.message cascade")
    changed = edit(desk, press, case, event="中小企業ＤＸフェア")
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    clean.deliver_all()
    for _ in range(2):
        shown = on.shown(counter, key, application)
        assert (shown["revision"], shown["answers"]["event"]) == (2, "中小企業ＤＸフェア")
        step = shown["timeline"][-1]
        assert (step["state"], step["detail"]["what"], step["detail"]["note"]) == ("in_review", "edited", REASON)
        mails = clean.rows("select recipient, template from notify.message where channel = 'email'")
        assert [(row["recipient"], row["template"]) for row in mails] == [("applicant@example.com", "edited")]
        assert clean.value("select count(*) from intake.notice where kind = 'edited'") == 1
        on.bring_back(clean, "case.edited.v1")
        clean.deliver_all()
    page = counter.get(f"/applications/{application}", headers={**bearer(key), "accept": HTML}).text
    assert REASON in page
    assert "中小企業デジタル化フェア" in page  # what it was
    assert on.case(desk, press, case)["answers"] == on.shown(counter, key, application)["answers"]
    assert clean.undone() == 0


@pytest.mark.parametrize(
    ("answers", "reason", "at"),
    [
        ({"organiser": "別の団体"}, REASON, "/answers/organiser"),
        ({"nothing": 1}, REASON, "/answers/nothing"),
        ({"event": ""}, REASON, "/answers/event"),
        ({"event": "x" * 201}, REASON, "/answers/event"),
        ({"fee": "free"}, REASON, "/answers/fee"),
        ({"fee": 500}, REASON, "/answers/fee_reason"),  # a fee needs a reason of the applicant's
        ({"event": "別の行事"}, " ", "/reason"),
        ({"event": "別の行事"}, "a\0", "/reason"),
    ],
)
def test_what_procedure_form_or_rules_do_not_allow_is_refused(  # noqa: PLR0917
    clean: Site, desk: TestClient, press: str, case: str, answers: dict[str, Any], reason: str, at: str
) -> None:
    refused = edit(desk, press, case, reason, **answers)
    assert refused.status_code == 422
    assert at in [one["pointer"] for one in refused.json()["errors"]]
    assert clean.value('select revision from review."case"') == 1
    assert clean.value("select count(*) from review.revision") == 0


def test_what_is_computed_follows(clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str) -> None:
    application = on.filed(clean, counter, key, PLAN)
    case = on.case_of(clean, application)
    before = on.case(desk, press, case)["answers"]
    assert edit(desk, press, case, target=4410, years="4").status_code == 200
    clean.deliver_all()
    after = on.case(desk, press, case)["answers"]
    assert (before["growth"], after["growth"]) == (3, 5)
    assert (before["ends"], after["ends"]) == ("2038-03-31", "2039-03-31")
    shown = on.shown(counter, key, application)["answers"]
    assert {name: shown[name] for name in ("target", "growth", "ends")} == {"target": 4410, "growth": 5, "ends": "2039-03-31"}


def test_nothing_is_changed_while_the_applicant_mends_or_his_contents_are_on_their_way(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    on.ask(desk, press, case)
    assert edit(desk, press, case, event="別の行事").status_code == 409
    clean.deliver_all()
    correction = on.to_mend(counter, key, application)["id"]
    sent = on.send_in(counter, key, application, correction, fee=700, fee_reason="会場費")
    assert sent.status_code in {200, 202}, sent.text
    # closed at the desk, while what was sent in before is still on its way to it
    assert desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press)).status_code == 200
    assert edit(desk, press, case, event="別の行事").status_code == 409
    on.one_service(clean, "intake")  # the counter has heard; the desk has not
    assert edit(desk, press, case, event="別の行事").status_code == 409
    clean.deliver_all()
    assert edit(desk, press, case, event="別の行事").status_code == 200
    clean.deliver_all()
    for found in (on.case(desk, press, case), on.shown(counter, key, application)):
        assert (found["revision"], found["answers"]["event"], found["answers"]["fee"]) == (3, "別の行事", 700)
    assert clean.undone() == 0


def test_a_correction_after_a_change_mends_the_changed_contents(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    edit(desk, press, case, event="別の行事")
    on.ask(desk, press, case)
    clean.deliver_all()
    correction = on.to_mend(counter, key, application)["id"]
    on.send_in(counter, key, application, correction, fee=700, fee_reason="会場費")
    clean.deliver_all()
    for found in (on.case(desk, press, case), on.shown(counter, key, application)):
        assert (found["revision"], found["answers"]["event"], found["answers"]["fee"]) == (3, "別の行事", 700)
    assert on.at_desk(desk, press, case)[0]["changes"][0]["pointer"] == "/fee"


def test_an_official_changes_an_entry_by_form(clean: Site, desk: TestClient, *, press: str, case: str) -> None:
    me = {"accept": HTML, "origin": str(desk.base_url), **bearer(press)}
    here = f"/desk/cases/{case}/edit"
    form = desk.get(here, headers=me).text
    assert 'name="answer:event"' in form
    assert 'name="answer:organiser"' not in form
    entered = {"answer:event": "別の行事", "answer:fee": "０円", "answer:organiser": "x", "revision": "1", "reason": REASON}
    wrong = desk.post(here, data=entered, headers=me)
    assert (wrong.status_code, 'id="answer-fee-error"' in wrong.text, "別の行事" in wrong.text) == (422, True, True)
    right = {**entered, "answer:fee": "0"}
    assert desk.post(here, data=right, headers=me, follow_redirects=False).status_code == 303
    assert desk.post(here, data={**right, "answer:event": "もう一度"}, headers=me).status_code == 409  # of a page kept open
    (edited,) = clean.rows('select answers, revision from review."case"')
    assert (edited["answers"]["event"], edited["revision"]) == ("別の行事", 2)
    page = desk.get(f"/desk/cases/{case}", headers=me).text
    assert REASON in page
    assert here in page
