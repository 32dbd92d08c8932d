"""Duplicates: an applicant is warned of his own, an official sees all, and a procedure may refuse what is the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from services.intake.checking import duplicates
from shared.bus.deliver import deliver
from shared.procedure.files import read
from shared.procedure.model import Duplicates, Procedure
from tests.intake.parts import APPLICATIONS, file, in_force
from tests.site import DENKI, KOEN, PROCEDURES, Site, bearer, example


def koen(**answers: Any) -> dict[str, Any]:
    filing = example(KOEN)
    filing["answers"] |= answers
    return filing


def filed(site: Site, counter: TestClient, key: str, filing: dict[str, Any]) -> dict[str, Any]:
    """File, let it be checked, and see what became of it."""
    answer = file(counter, key, filing)
    assert answer.status_code == 202, answer.text
    site.deliver_all()
    shown: dict[str, Any] = counter.get(answer.headers["location"], headers=bearer(key)).json()
    return shown


def checked(counter: TestClient, key: str, filing: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = counter.post(f"{APPLICATIONS}/check", json=filing, headers=bearer(key)).json()
    return said


def told(site: Site, application: dict[str, Any]) -> list[tuple[str, str]]:
    """What the official sees at the case: receipt number and kind of each duplicate."""
    found = site.value('select duplicates from review."case" where application_id = :id', id=application["id"])
    return [(one["receipt_number"], one["kind"]) for one in found]


def refusing() -> Procedure:
    procedure = read(PROCEDURES / f"{KOEN}.yaml")
    return procedure.model_copy(update={"duplicates": Duplicates(keys=["event", "held"], refuse=True)})


def test_the_same_again_is_warned_of_before_filing_and_shown_to_the_official(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    assert checked(counter, key, koen())["warnings"] == []
    first = filed(clean, counter, key, koen())
    said = checked(counter, key, koen())
    assert said["valid"]
    (warning,) = said["warnings"]
    assert warning["pointer"] == "/answers/event"
    assert first["receipt_number"] in warning["detail"]
    again = filed(clean, counter, key, koen())
    assert (told(clean, first), told(clean, again)) == ([], [(first["receipt_number"], "exact")])


def test_what_is_only_written_differently_is_near(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    first = filed(clean, counter, key, koen(event="第１回　窓口フォーラム"))
    other = koen(event="第1回窓口ふぉーらむ", held={"from": "2099-10-05", "to": "2099-10-06"})
    (warning,) = checked(counter, key, other)["warnings"]
    assert warning["pointer"] == "/answers"
    assert told(clean, filed(clean, counter, key, other)) == [(first["receipt_number"], "near")]
    assert told(clean, filed(clean, counter, key, koen(event="第2回窓口フォーラム"))) == []


def test_an_applicant_learns_of_no_other_organisations_application_and_the_official_does(
    clean: Site, counter: TestClient
) -> None:
    ours, theirs = clean.an_applicant(), clean.an_applicant("b@example.com", name="窓口電機㈱")
    first = filed(clean, counter, ours, koen())
    assert checked(counter, theirs, koen())["warnings"] == []
    # neither has a corporate number, and the names are the same
    assert told(clean, filed(clean, counter, theirs, koen())) == [(first["receipt_number"], "exact")]
    stranger = clean.an_applicant("c@example.com", name="別の株式会社")
    assert told(clean, filed(clean, counter, stranger, koen())) == []


def test_the_same_corporate_number_is_the_same_corporation_whatever_its_name(clean: Site, counter: TestClient) -> None:
    ours, theirs = clean.an_applicant(), clean.an_applicant("b@example.com", name="新しい名称株式会社")
    first = filed(clean, counter, ours, example(DENKI))  # has a corporate number, and one class
    filing = example(DENKI)
    filing["answers"]["classes"] += ["fuses"]
    filing["answers"]["types"] += [{"class": "fuses", "type": "A-1"}]
    assert told(clean, filed(clean, counter, theirs, filing)) == [(first["receipt_number"], "exact")]
    del filing["answers"]["corporate_number"]
    stranger = clean.an_applicant("c@example.com", name="別の株式会社")
    assert told(clean, filed(clean, counter, stranger, filing)) == []


def test_what_was_withdrawn_or_returned_is_nobodys_duplicate(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    wrong = koen(held={"from": "2020-10-06", "to": "2020-10-05"})
    assert filed(clean, counter, key, wrong)["status"] == "returned"
    first = filed(clean, counter, key, koen())
    counter.post(f"{APPLICATIONS}/{first['id']}/withdrawal", json={}, headers=bearer(key))
    clean.deliver_all()
    assert checked(counter, key, koen())["warnings"] == []
    assert told(clean, filed(clean, counter, key, koen())) == []


def test_a_procedure_may_refuse_the_same_from_the_same_organisation_only(clean: Site, counter: TestClient) -> None:
    with in_force(clean, counter, refusing()):
        key, other = clean.an_applicant(), clean.an_applicant("b@example.com")
        first = filed(clean, counter, key, koen())
        said = checked(counter, key, koen())
        assert (said["valid"], [one["pointer"] for one in said["errors"]]) == (False, ["/answers/event"])
        again = filed(clean, counter, key, koen())
        assert again["status"] == "returned"
        (mend,) = again["timeline"][-1]["detail"]["mends"]
        assert first["receipt_number"] in mend["ja"]
        # of another organisation's he is told nothing, and it is the official's to judge
        assert filed(clean, counter, other, koen())["status"] == "in_review"


def test_a_draft_that_would_be_refused_is_not_filed(clean: Site, counter: TestClient) -> None:
    with in_force(clean, counter, refusing()):
        key = clean.an_applicant()
        first = filed(clean, counter, key, koen())
        draft = counter.post("/v1/drafts", json={"copy_of": first["id"]}, headers=bearer(key)).json()
        assert [(one["pointer"], one["level"]) for one in draft["findings"]] == [("/event", "error")]
        answer = counter.post(f"/v1/drafts/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(key))
        assert answer.status_code == 422
        assert first["receipt_number"] in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("batch", [True, False])
def test_of_many_that_are_filed_at_once_exactly_one_is_the_first(clean: Site, counter: TestClient, *, batch: bool) -> None:
    from services.intake.tasks import work

    with in_force(clean, counter, refusing()):
        key = clean.an_applicant()
        for _ in range(8):
            assert file(counter, key, koen()).status_code == 202
        ids = [event_id for service, event_id in clean.due() if service == "intake"]
        if batch:
            deliver(work.post, ids)
        else:
            with ThreadPoolExecutor(4) as workers:
                list(workers.map(lambda one: deliver(work.post, [one]), ids))
        clean.deliver_all()
        states = [row["state"] for row in clean.rows("select state from intake.application")]
        assert (states.count("returned"), states.count("in_review")) == (7, 1)


def test_answers_that_fit_no_form_are_checked_without_a_crash(clean: Site, counter: TestClient) -> None:
    said = checked(counter, clean.an_applicant(), koen(event=5, held=["x"]))
    assert not said["valid"]


def test_thousands_of_the_same_are_told_as_the_newest_ten(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    clean.file(key, 40, KOEN)
    clean.deliver_all()
    assert len(checked(counter, key, koen())["warnings"]) == 10
    last = filed(clean, counter, key, koen())
    assert len(told(clean, last)) == 10


def test_prints_have_a_key_and_those_of_before_are_found_too(
    clean: Site, counter: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = clean.an_applicant()
    with monkeypatch.context() as before:
        before.setattr(duplicates, "_stored", lambda digest: digest)
        first = filed(clean, counter, key, koen())
        plain = {row["digest"] for row in clean.rows("select digest from intake.fingerprint")}
    again = filed(clean, counter, key, koen())
    assert told(clean, again) == [(first["receipt_number"], "exact")]
    last = filed(clean, counter, key, koen())
    assert [number for number, _ in told(clean, last)] == [again["receipt_number"], first["receipt_number"]]
    query = "select digest from intake.fingerprint where application_id <> :id"
    assert plain
    assert plain.isdisjoint(row["digest"] for row in clean.rows(query, id=first["id"]))


def test_what_many_filings_have_in_common_is_looked_up_once(clean: Site) -> None:
    key = clean.an_applicant()
    earlier = clean.file(key, 15, KOEN)
    clean.deliver_all()
    clean.file(key, 15, KOEN)
    rows: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "intake.fingerprint f" in statement:
            rows.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", note)
    try:
        clean.deliver_all()
    finally:
        event.remove(Engine, "after_cursor_execute", note)
    digests = clean.value("select count(distinct digest) from intake.fingerprint")
    assert rows == [digests * 11]
    for case in clean.rows('select application_id, duplicates from review."case" order by application_id desc limit 15'):
        others = sorted((one["application_id"] for one in case["duplicates"]), reverse=True)
        assert len(set(others)) == 10
        assert str(case["application_id"]) not in others
        assert others[0] < str(case["application_id"])
    assert str(earlier[-1]) in others
