"""Trials: a version that is not in force is tried with test filings that reach nobody, and leave nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError

from services.intake.drafts import trials
from shared.procedure.files import read
from shared.procedure.model import Procedure
from tests.retention.parts import INTAKE, purged
from tests.site import KOEN, PROCEDURES, Site, bearer, example

DRAFTS = "/v1/drafts"
# Everything that tells somebody something, and everything that is counted.
OTHERS = (
    "select count(*) from intake.application",
    "select count(*) from bus.event",
    "select count(*) from bus.delivery",
    'select count(*) from review."case"',
    "select count(*) from notify.message",
    "select coalesce(sum(filed), 0) from opendata.procedure_count",
    "select count(*) from review.procedure",
    "select count(*) from opendata.procedure",
)


def changed(**update: Any) -> Procedure:
    return read(PROCEDURES / f"{KOEN}.yaml").model_copy(update={"procedure": "brand-new", **update})


def tried(site: Site, procedure: Procedure | None = None, days: int = 30) -> UUID:
    """Put a procedure on trial; the id that its address has."""
    with site.session("intake") as session:
        trial = trials.publish(session, procedure or changed(), days=days)
        id_ = trial.id
        session.commit()
    return id_


def others(site: Site) -> list[int]:
    site.deliver_all()
    return [int(site.value(query)) for query in OTHERS]


def begin(counter: TestClient, key: str, trial: UUID, **answers: Any) -> dict[str, Any]:
    entered = {"trial": str(trial), "answers": example(KOEN)["answers"] | answers}
    answer = counter.post(DRAFTS, json=entered, headers=bearer(key))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def file(counter: TestClient, key: str, draft: dict[str, Any]) -> Any:
    return counter.post(f"{DRAFTS}/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(key))


def test_a_test_filing_reaches_nobody(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    before = others(clean)
    draft = begin(counter, key, tried(clean))
    assert draft["trial"]
    made = file(counter, key, draft)
    assert made.status_code == 202
    assert (made.json()["status"], made.json()["receipt_number"][:5]) == ("test", "TEST-")
    assert others(clean) == before
    assert counter.get("/v1/applications", headers=bearer(key)).json() == []
    assert "brand-new" not in [one["id"] for one in counter.get("/v1/procedures").json()]
    assert counter.get("/v1/procedures/brand-new").status_code == 404
    filing = {"procedure": "brand-new", "answers": example(KOEN)["answers"]}
    assert counter.post("/v1/applications", json=filing, headers=bearer(key)).status_code == 404
    row = clean.rows("select number, office from intake.trial_filing")[0]
    assert row["office"] == "public-relations"  # where a real one would go


def test_the_database_itself_takes_no_application_of_a_trial(clean: Site) -> None:
    key = clean.an_applicant()
    tried(clean)
    clean.file(key, 1, KOEN)
    with pytest.raises(IntegrityError, match="application_procedure_version_check"):
        clean.run(
            "update intake.application set procedure_version = (select version from intake.trial), procedure_id = 'brand-new'"
        )


def test_filed_twice_at_the_same_time_it_is_one(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    draft = begin(counter, key, tried(clean))
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _: file(counter, key, draft), range(4)))
    assert {answer.status_code for answer in answers} <= {202, 404}
    assert len({answer.json()["receipt_number"] for answer in answers if answer.status_code == 202}) == 1
    first = next(answer for answer in answers if answer.status_code == 202)
    assert file(counter, key, draft).json()["receipt_number"] == first.json()["receipt_number"]
    assert clean.value("select count(*) from intake.trial_filing") == 1


def test_what_is_wrong_is_said_as_it_would_be_of_a_real_one(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    draft = begin(counter, key, tried(clean), held={"from": "2020-10-06", "to": "2020-10-05"})
    answer = file(counter, key, draft)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/answers/held"}


def test_another_organisation_sees_nothing_of_it(clean: Site, counter: TestClient) -> None:
    key, other = clean.an_applicant(), clean.an_applicant("b@example.com")
    draft = begin(counter, key, tried(clean))
    assert file(counter, other, draft).status_code == 404
    file(counter, key, draft)
    with clean.session("intake") as session:
        from shared.identity.callers import Callers

        stranger = Callers().by_key(session, other)
        assert stranger
        assert trials.filed(session, stranger, UUID(draft["id"])) is None


def test_a_procedure_in_force_stays_as_it_is_while_its_next_version_is_tried(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    trial = tried(clean, changed(procedure=KOEN, applicants=["ministry"]))
    assert counter.get(f"/v1/procedures/{KOEN}").json()["version"] == 1
    real = counter.post(DRAFTS, json={"procedure": KOEN}, headers=bearer(key)).json()
    test = begin(counter, key, trial)  # whoever tries it need not be of the kind it is for
    assert (real["procedure"]["version"], real["trial"]) == (1, False)
    assert test["procedure"]["version"] < 0
    shown = counter.get(f"{DRAFTS}/{real['id']}", headers=bearer(key)).json()
    assert shown["procedure"]["version"] == 1


def test_put_on_trial_again_it_keeps_its_address_and_carries_drafts_over(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    first = tried(clean)
    assert tried(clean) == first
    assert clean.value("select count(*) from intake.procedure where id = 'brand-new'") == 1
    draft = begin(counter, key, first)
    newer = changed()
    page = newer.form[0]
    newer = newer.model_copy(
        update={"form": [page.model_copy(update={"fields": page.fields[1:]}), *newer.form[1:]], "checks": []}
    )
    review = newer.review.model_copy(update={"documents": []})
    newer = newer.model_copy(update={"duplicates": None, "review": review})
    assert tried(clean, newer) == first
    shown = counter.get(f"{DRAFTS}/{draft['id']}", headers=bearer(key)).json()
    assert "event" not in shown["answers"]
    assert [one["en"] for one in shown["changes"]["removed"]] == ["Name of the event"]


def test_what_is_left_of_a_trial_is_deleted(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    trial = tried(clean)
    file(counter, key, begin(counter, key, trial))
    kept = begin(counter, key, trial)
    clean.run("update intake.trial_filing set filed_at = now() - interval '31 days'")
    purged(INTAKE)
    assert clean.value("select count(*) from intake.trial_filing") == 0
    assert clean.value("select count(*) from intake.draft") == 1
    file(counter, key, begin(counter, key, trial))
    clean.run("update intake.trial set ends_at = now()")
    assert counter.get(f"{DRAFTS}/{kept['id']}", headers=bearer(key)).status_code == 409
    assert counter.post(DRAFTS, json={"trial": str(trial)}, headers=bearer(key)).status_code == 404
    purged(INTAKE)
    for table in ("trial", "trial_filing", "draft"):
        assert clean.value(f"select count(*) from intake.{table}") == 0
    assert clean.value("select count(*) from intake.procedure where version < 0") == 0
    assert tried(clean) != trial
