"""Of what was made anonymous nothing personal is left in any column of any table, and the paper still verifies."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.review.following import follow_application
from shared.events import ApplicationArrived, MessageToOffice
from shared.operation import holds
from shared.operation.acts import Operator
from tests.flows import corrections as on
from tests.retention.parts import INTAKE, NOTIFY, REVIEW, planned, purged, tables_with, years_later
from tests.site import ONE_STAGE, Site, bearer, example

# What the people of this story wrote; and what only the account, which goes on, may still say.
WRITTEN = ["補正の理由の文", "申請者から職員への文", "職員から申請者への文", "内部の覚え書き", "処分の理由の文", "手紙の本文の文"]
LATE = years_later(9)
# Accounts go on, and so do the catalogue and the trace, which names officials alone.
APART = ("identity.", "intake.procedure:", "review.procedure:", "operation.")


def words() -> list[str]:
    """What the example says that is somebody's, or about somebody."""
    answers = example(ONE_STAGE)["answers"]
    named = [answers[key] for key in ("event", "organiser", "purpose", "content")]
    return [*named, answers["venue"]["address"], "株式会社窓口電機", "窓口 花子", "applicant@example.com", *WRITTEN]


@pytest.fixture
def story(clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str) -> str:
    """An application with everything that may belong to one, decided; its id."""
    application = on.filed(clean, counter, key)
    case = on.case_of(clean, application)

    def at_desk(path: str, **body: Any) -> Any:
        answer = desk.post(f"/v1/cases/{case}/{path}", json=body, headers=bearer(press))
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    at_desk("notes", text="内部の覚え書き")
    at_desk("messages", text="職員から申請者への文")
    assert on.ask(desk, press, case, [{"pointer": "/content", "says": "補正の理由の文"}]).status_code in {200, 201}
    clean.deliver_all()
    mend = on.to_mend(counter, key, application)
    assert on.send_in(counter, key, application, mend["id"], content="講演と展示").status_code in {200, 202}
    written = counter.post(f"/v1/applications/{application}/messages", json={"text": "申請者から職員への文"}, headers=bearer(key))
    assert written.status_code in {200, 201, 202}
    clean.deliver_all()
    letter = {"title": "手紙", "text": "手紙の本文の文"}
    assert on.decide(desk, press, case, reasons="処分の理由の文", document=letter).status_code == 200
    clean.deliver_all()
    clean.run("update notify.message set state = 'sent', sent_at = now(), completed_at = now() where state = 'created'")
    return application


def left(site: Site) -> list[str]:
    """Where personal words still are."""
    return [place for place in tables_with(site, words()) if not place.startswith(APART)]


def test_nothing_of_what_anybody_wrote_is_left_and_what_statistics_need_is(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, story: str
) -> None:
    before = {place.partition(":")[0] for place in left(clean)}
    assert {"intake.application", "intake.revision", "review.case", "review.revision", "notify.message", "bus.event"} <= before
    paper = clean.rows("select code, sha256, number from review.document where template = 'koen-meigi' or template <> 'letter'")[
        0
    ]
    case = on.case_of(clean, story)
    stored = [path for path in clean.storage.rglob("*") if path.is_file() and "documents" in path.parts]
    assert stored
    for service in (REVIEW, INTAKE, NOTIFY):  # in whatever order
        assert planned(service, now=LATE) == purged(service, now=LATE) != {}
    assert left(clean) == []
    from services.review.tasks import purge_files

    purge_files()
    assert not [path for path in stored if path.exists()]
    (row,) = clean.rows('select procedure_id, state, decision, "group", decided_at from review."case"')
    assert row.pop("decided_at")
    assert [*row.values()] == [ONE_STAGE, "decided", "approve", "public-relations"]
    assert desk.get(f"/v1/cases/{case}", headers=bearer(press)).status_code == 410
    assert desk.get("/v1/cases", headers=bearer(press)).json() == [] or not desk.get("/v1/cases", headers=bearer(press)).json()
    assert counter.get(f"/v1/applications/{story}", headers=bearer(key)).status_code == 410
    verified = desk.get(f"/v1/verifications/{paper['code']}")
    assert (verified.status_code, verified.json()["sha256"]) == (200, paper["sha256"]), verified.text


def test_what_comes_late_makes_nothing_of_a_case_that_was_purged(clean: Site, story: str) -> None:
    late = {
        kind: clean.rows("select id, subject, sequence, source, data from bus.event where type = :kind", kind=kind)[0]
        for kind in ("application.arrived.v1", "message.to-office.v1")
    }
    purged(REVIEW, now=LATE)
    arrived, written = ({**row["data"], **{name: row[name] for name in ("id", "subject", "sequence")}} for row in late.values())
    with clean.session("review") as session:
        follow_application(session, [ApplicationArrived.model_validate(arrived)])
        follow_application(session, [MessageToOffice.model_validate(written)])
        session.commit()
    assert clean.value("select count(*) from review.\"case\" where answers <> '{}'") == 0
    assert clean.value("select count(*) from review.message") == 0
    assert clean.value("select application_id from review.purged") == UUID(story)


def test_a_hold_keeps_case_and_messages_back_too(clean: Site, story: str) -> None:
    organisation = str(clean.value("select organisation_id from intake.application"))
    written = [place for place in left(clean) if not place.startswith("bus.")]
    by = Operator(None, "operator")
    for kind, subject in (("application", story), ("organisation", organisation), ("procedure", ONE_STAGE)):
        with Session(clean.operator) as session:
            made = holds.hold(session, by, kind, subject, "開示請求")
            session.commit()
            for service in (REVIEW, INTAKE, NOTIFY):
                assert planned(service, now=LATE, held=True)
                purged(service, now=LATE)
            holds.release(session, by, made.id, "開示の終了")
            session.commit()
        assert [place for place in left(clean) if not place.startswith("bus.")] == written


def test_files_are_deleted_after_the_commit_and_a_storage_that_is_away_loses_nothing(
    clean: Site, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert story
    from services.review.tasks import purge_files
    from shared.storage import Folder, StorageError

    def away(_folder: Folder, _key: str) -> None:
        raise StorageError

    purged(REVIEW, now=LATE)
    count = clean.value("select count(*) from review.leaving")
    assert count > 0
    with monkeypatch.context() as broken:
        broken.setattr(Folder, "delete", away)
        assert purge_files() is False
    assert clean.value("select count(*) from review.leaving") == count
    purge_files()
    assert clean.value("select count(*) from review.leaving") == 0
    assert not [path for path in Path(clean.storage).rglob("documents/*/*/*") if path.is_file()]
