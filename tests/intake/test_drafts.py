"""Drafts over HTTP: saved as one goes, by one at a time, filed once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from shared.identity import accounts
from shared.identity.tables import Account, Organisation
from tests.intake.parts import places, recorded
from tests.retention.parts import INTAKE, purged
from tests.site import DENKI, KOEN, Site, bearer, example

DRAFTS = "/v1/drafts"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def a_colleague(site: Site, email: str = "colleague@example.com") -> str:
    with Session(site.operator) as session:
        organisation = session.exec(select(Organisation)).one()
        account: Account = accounts.add_account(session, email, "同僚 太郎", "applicant", organisation=organisation)
        made = accounts.issue_key(session, account)
        session.commit()
        return made


def begin(counter: TestClient, key: str, **changes: Any) -> dict[str, Any]:
    answer = counter.post(DRAFTS, json={"procedure": DENKI, **changes}, headers=bearer(key))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{DRAFTS}/{made['id']}"
    return made


def change(counter: TestClient, key: str, draft: dict[str, Any], **answers: Any) -> Any:
    return counter.patch(f"{DRAFTS}/{draft['id']}", json={"version": draft["version"], "answers": answers}, headers=bearer(key))


def file(counter: TestClient, key: str, draft: dict[str, Any]) -> Any:
    return counter.post(f"{DRAFTS}/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(key))


def test_a_draft_begins_with_what_is_known_of_the_organisation(counter: TestClient, clean: Site, key: str) -> None:
    draft = begin(counter, key)
    assert draft["answers"] == {"name": "株式会社窓口電機"}
    assert {"/address", "/types"} <= {one["pointer"] for one in draft["findings"]}
    assert begin(counter, key, answers={})["answers"] == {}
    assert [one["id"] for one in counter.get(DRAFTS, headers=bearer(key)).json()][1] == draft["id"]
    assert clean.value("select count(*) from intake.draft") == 2


def test_the_organisations_name_is_known_to_fields_of_that_type(counter: TestClient, key: str) -> None:
    assert begin(counter, key, procedure="keieiryoku-keikaku")["answers"]["name"] == "株式会社窓口電機"


def test_answers_are_saved_piece_by_piece_though_they_do_not_fit_yet(counter: TestClient, key: str) -> None:
    draft = begin(counter, key)
    saved = change(counter, key, draft, started="2026-13-45", representative="窓口 花子").json()
    saved = change(counter, key, saved, representative=None, business="import").json()
    assert saved["answers"] == {"name": "株式会社窓口電機", "started": "2026-13-45", "business": "import"}
    says = {one["pointer"]: one["says"] for one in saved["findings"]}
    assert says["/started"] == "実在する日付を、年・月・日に分けて書いてください（例：2026、4、1）"
    assert counter.get(f"{DRAFTS}/{draft['id']}", headers=bearer(key)).json() == saved


def test_a_change_made_on_an_older_version_is_refused(counter: TestClient, key: str) -> None:
    draft = begin(counter, key)
    assert change(counter, key, draft, name="甲").status_code == 200
    late = change(counter, key, draft, name="乙")
    assert late.status_code == 409
    assert counter.get(f"{DRAFTS}/{draft['id']}", headers=bearer(key)).json()["answers"]["name"] == "甲"


def test_two_people_do_not_write_at_the_same_time_until_the_hold_expires(counter: TestClient, clean: Site, key: str) -> None:
    other = a_colleague(clean)
    draft = change(counter, key, begin(counter, key), name="甲").json()
    refused = change(counter, other, draft, name="乙")
    assert refused.status_code == 409
    assert "窓口 花子" in refused.json()["detail"]
    assert counter.delete(f"{DRAFTS}/{draft['id']}", headers=bearer(other)).status_code == 409
    clean.run("update intake.draft set held_until = now() - interval '1 second'")
    assert change(counter, other, draft, name="乙").json()["held_by"] == "同僚 太郎"


def test_a_draft_of_another_organisation_is_not_there(counter: TestClient, clean: Site, key: str) -> None:
    draft = begin(counter, key)
    stranger = clean.an_applicant("stranger@example.com", name="他社")
    path = f"{DRAFTS}/{draft['id']}"
    assert counter.get(path, headers=bearer(stranger)).status_code == 404
    assert change(counter, stranger, draft, name="乙").status_code == 404
    assert file(counter, stranger, draft).status_code == 404
    assert counter.delete(path, headers=bearer(stranger)).status_code == 404
    assert counter.get(DRAFTS, headers=bearer(stranger)).json() == []
    assert counter.get(path).status_code == 401


def test_a_draft_is_filed_once_and_gives_the_same_receipt_again(counter: TestClient, clean: Site, key: str) -> None:
    draft = begin(counter, key, answers=example(DENKI)["answers"])
    assert [one["level"] for one in draft["findings"]] == ["warning"]
    first, second = file(counter, key, draft), file(counter, key, draft)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()
    assert recorded(clean) == 1
    assert clean.value("select count(*) from intake.draft") == 0
    clean.deliver_all()
    assert clean.value("select state from intake.application") == "in_review"


def test_what_is_not_asked_for_any_more_is_not_filed(counter: TestClient, clean: Site, key: str) -> None:
    answers = example(DENKI)["answers"] | {"factories": [{"name": "第一工場", "address": "大阪市"}]}
    draft = begin(counter, key, answers=answers)
    draft["id"], filed = draft["id"], file(counter, key, draft)
    assert filed.status_code == 202
    assert "factories" not in clean.value("select answers from intake.application")


def test_a_draft_with_errors_is_not_filed_and_says_each(counter: TestClient, clean: Site, key: str) -> None:
    refused = file(counter, key, begin(counter, key))
    assert refused.status_code == 422
    assert {"/answers/address", "/answers/business", "/answers/types"} <= places(refused).keys()
    assert recorded(clean) == 0


def test_a_returned_application_becomes_a_draft_that_says_what_to_mend(counter: TestClient, clean: Site, key: str) -> None:
    (application,) = clean.file(key, 1, KOEN, last={"held": {"from": "2020-10-06", "to": "2020-10-05"}})
    clean.deliver_all()
    answer = counter.post(DRAFTS, json={"copy_of": str(application)}, headers=bearer(key))
    assert answer.status_code == 201
    assert answer.json()["answers"]["held"] == {"from": "2020-10-06", "to": "2020-10-05"}
    assert {mend["pointer"] for mend in clean.value("select mends from intake.draft")} == {"/held"}
    change(counter, key, answer.json(), held={"from": "2099-10-05", "to": "2099-10-06"})
    assert clean.value("select mends from intake.draft") == []


def test_limits_hold(counter: TestClient, clean: Site, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.drafts.drafts.MOST_DRAFTS", 1)
    draft = begin(counter, key)
    assert counter.post(DRAFTS, json={"procedure": DENKI}, headers=bearer(key)).status_code == 409
    assert change(counter, key, draft, name="あ" * 200_000).status_code == 413
    assert change(counter, key, draft, name="a\0b").status_code == 422
    for broken in ('"\\ud800"', "9" * 30, "[" * 300 + "]" * 300):
        body = f'{{"version": {draft["version"]}, "answers": {{"name": {broken}}}}}'
        answer = counter.patch(
            f"{DRAFTS}/{draft['id']}", content=body, headers=bearer(key) | {"content-type": "application/json"}
        )
        assert answer.status_code == 422, broken
    assert counter.get(DRAFTS, params={"procedure": "a\0"}, headers=bearer(key)).json() == []
    assert counter.post(DRAFTS, json={}, headers=bearer(key)).status_code == 422
    assert counter.delete(f"{DRAFTS}/{draft['id']}", headers=bearer(key)).status_code == 204
    assert clean.value("select count(*) from intake.draft") == 0


def test_drafts_that_nobody_changed_for_as_long_as_the_procedure_says_are_deleted(
    counter: TestClient, clean: Site, key: str
) -> None:
    old, new = begin(counter, key), begin(counter, key)
    for draft, days in ((old, 61), (new, 59)):
        at = datetime.now(UTC) - timedelta(days=days)
        clean.run("update intake.draft set updated_at = :at where id = cast(:id as uuid)", at=at, id=draft["id"])
    purged(INTAKE)
    assert [str(row["id"]) for row in clean.rows("select id from intake.draft")] == [new["id"]]
