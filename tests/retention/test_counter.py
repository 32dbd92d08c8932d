"""The counter purges its own, by the newest rule of the procedure, and nobody finds it any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.intake.catalogue.procedures import publish
from services.intake.following import follow_case
from shared.events import DocumentIssued
from shared.operation import holds
from shared.operation.acts import Operator
from shared.procedure.retention import Retention
from shared.retention.periods import Rules
from shared.retention.purging import Kind, purge_some
from tests.retention.parts import INTAKE, engine_of, planned, purged, years_later
from tests.site import DENKI, KOEN, ONE_STAGE, Site, bearer, shipped

BY = Operator(None, "operator (command line)")


def hold(site: Site, kind: str, subject: object) -> None:
    with Session(site.operator) as session:
        holds.hold(session, BY, kind, str(subject), "争訟の準備")
        session.commit()


def test_a_decided_application_goes_when_its_years_are_over_and_who_asks_is_told(
    clean: Site, counter: TestClient, key: str, decided: str
) -> None:
    assert purged(INTAKE) == {}
    assert ("intake.application", ONE_STAGE, "anonymised") not in planned(INTAKE, now=years_later(5))
    late = years_later(8)
    expected = {("intake.application", ONE_STAGE, "anonymised"): 1}
    assert planned(INTAKE, now=late).items() >= expected.items()
    assert planned(INTAKE, now=late) == purged(INTAKE, now=late)
    answer = counter.get(f"/v1/applications/{decided}", headers=bearer(key))
    assert answer.status_code == 410
    assert answer.json()["type"].endswith(":gone")
    assert counter.get("/v1/applications", headers=bearer(key)).json() == []
    assert counter.get(f"/v1/applications/{uuid4()}", headers=bearer(key)).status_code == 404
    (left,) = clean.rows("select * from intake.application")
    assert (left["state"], left["procedure_id"], left["answers"], left["contact"]) == ("approved", ONE_STAGE, {}, {})


def test_an_application_whose_case_is_open_or_that_somebody_has_still_to_hear_of_stays(
    clean: Site, counter: TestClient, key: str, decided: str
) -> None:
    (open_,) = clean.file(key, 1, KOEN)
    clean.deliver_all()
    clean.run("update bus.delivery set state = 'dead' where subscriber = 'notify.tell' and subject = :id", id=decided)
    assert ("intake.application", ONE_STAGE, "anonymised") not in purged(INTAKE, now=years_later(30))
    assert {str(row["id"]) for row in clean.rows("select id from intake.application")} == {str(open_), decided}
    assert counter.get(f"/v1/applications/{decided}", headers=bearer(key)).status_code == 200


def test_what_a_procedure_wants_deleted_leaves_nothing_and_late_events_make_nothing_of_it(clean: Site, decided: str) -> None:
    def deleting(session: Session, now: datetime) -> Rules:
        return {key: replace(rule, ending="delete") for key, rule in INTAKE.rules(session, now).items()}

    assert decided
    counter_ = replace(INTAKE, rules=deleting)
    issued = clean.rows("select data from bus.event where type = 'document.issued.v1'")[0]["data"]
    late = years_later(8)
    assert planned(counter_, now=late)["intake.application", ONE_STAGE, "deleted"] == 1
    assert planned(counter_, now=late) == purged(counter_, now=late)
    for table in ("application", "step", "document", "notice", "fingerprint"):
        assert clean.value(f"select count(*) from intake.{table}") == 0
    with clean.session("intake") as session:
        follow_case(session, [DocumentIssued.model_validate({**issued, "subject": str(uuid4()), "sequence": 1})])
        session.commit()
    assert clean.value("select count(*) from intake.document") == 0


def test_what_is_held_stays_until_it_is_released(clean: Site, decided: str) -> None:
    organisation = clean.value("select organisation_id from intake.application")
    late, one = years_later(8), ("intake.application", ONE_STAGE, "anonymised")
    for kind, subject in (("application", decided), ("organisation", organisation), ("procedure", ONE_STAGE)):
        hold(clean, kind, subject)
        assert planned(INTAKE, now=late, held=True)[one] == 1
        assert one not in purged(INTAKE, now=late)
        with Session(clean.operator) as session:
            (lasting,) = holds.lasting(session)
            holds.release(session, BY, lasting.id, "争訟の終結")
            session.commit()
    assert one in purged(INTAKE, now=late)


def test_a_run_that_is_killed_goes_on_where_it_was(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = clean.an_applicant()
    clean.file(key, 7, DENKI)
    clean.deliver_all()
    clean.run("update intake.application set state = 'returned', version = 2")
    clean.run("delete from intake.step where version > 2")
    clean.run("update intake.step set state = 'returned'")
    small = replace(INTAKE, kinds=[replace(kind, piece=3) for kind in INTAKE.kinds])
    late = datetime.now(UTC) + timedelta(days=100)
    assert purge_some(engine_of(small), small, now=late, anew=True)
    left = "select count(*) from intake.application where anonymised_at is null"
    assert clean.value(left) == 4
    with monkeypatch.context() as broken:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr("services.intake.retention.applications.anonymise", killed)
        with pytest.raises(KeyboardInterrupt):
            purge_some(engine_of(small), small, now=late)
    assert clean.value(left) == 4
    assert purged(small, now=late, anew=False)["intake.application", DENKI, "anonymised"] == 7
    assert clean.value("select count(*) from operation.run where kind = 'retention.intake'") == 1


def test_the_newest_version_of_a_procedure_says_how_long(clean: Site) -> None:
    key = clean.an_applicant()
    clean.file(key, 1, DENKI)
    clean.run("update intake.application set state = 'withdrawn'")
    clean.run(
        "insert into intake.step (application_id, version, state, at, detail) "
        "select id, version, 'withdrawn', now() - interval '40 days', '{}' from intake.application"
    )
    clean.deliver_all()
    one = ("intake.application", DENKI, "anonymised")
    assert one not in planned(INTAKE)
    with clean.session("intake") as session:  # rolled back
        short = Retention.model_validate({"withdrawn": "30 days", "mails": "30 days", "drafts": "30 days"})
        publish(session, shipped(DENKI).model_copy(update={"retention": short}))
        session.flush()
        rules = INTAKE.rules(session, datetime.now(UTC))
    assert rules[DENKI].withdrawn > datetime.now(UTC) - timedelta(days=31)


def test_a_kind_that_fails_or_gets_nowhere_is_left_for_the_day_and_the_others_go_on(clean: Site) -> None:
    key = clean.an_applicant()
    clean.file(key, 1, DENKI)
    clean.deliver_all()
    clean.run("update bus.event set time = now() - interval '40 days'")
    due = "select 1 as id, '' as procedure, 'deleted' as becomes, false as held"

    def fails(_session: Session, _found: object) -> None:
        raise ValueError

    kinds = [Kind("nowhere", due, lambda _session, _found: None), Kind("fails", due, fails), *INTAKE.kinds]
    service = replace(INTAKE, kinds=kinds)
    while purge_some(engine_of(service), service):
        pass
    (run,) = clean.rows("select outcome, report from operation.run")
    assert (run["outcome"], run["report"]["failed"]) == ("failed", {"nowhere": "RuntimeError", "fails": "ValueError"})
    assert run["report"]["done"]["bus.event.intake"][""]["deleted"] > 0
    assert clean.value("select count(*) from bus.event where source = 'intake'") == 0
