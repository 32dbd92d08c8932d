"""Files that are filed: checked with the application, kept with it, handed out to its official."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.intake.checking.checking import check_format, check_scanned
from shared.bus.deliver import Post, deliver
from shared.events import ApplicationFiled
from shared.filetypes import FILE_TYPES
from tests.files.samples import PDF
from tests.identity.test_mandates import AGENT, mandate, organisation
from tests.intake.parts import file, with_files
from tests.retention.parts import INTAKE, purged
from tests.site import Site, bearer, example

NAMED = {"content-disposition": "attachment; filename=plan.pdf"}
HOJOKIN = "hojokin-kofu"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def filing(counter: TestClient, key: str) -> dict[str, Any]:
    return with_files(counter, key, example(HOJOKIN))


def filed(counter: TestClient, key: str, filing: dict[str, Any]) -> str:
    answer = file(counter, key, filing)
    assert answer.status_code == 202, answer.text
    made: str = answer.json()["id"]
    return made


def shown(counter: TestClient, key: str, application: str) -> dict[str, Any]:
    found: dict[str, Any] = counter.get(f"/v1/applications/{application}", headers=bearer(key)).json()
    return found


def to_mend(counter: TestClient, key: str, application: str) -> dict[str, str]:
    found = shown(counter, key, application)
    assert found["status"] == "returned"
    return {mend["pointer"]: mend["en"] for mend in found["timeline"][-1]["detail"]["mends"]}


def test_files_arrive_with_their_application_and_its_official_gets_them(
    counter: TestClient, desk: TestClient, clean: Site, key: str, filing: dict[str, Any]
) -> None:
    application = filed(counter, key, filing)
    clean.deliver_all()
    assert shown(counter, key, application)["status"] == "in_review"
    official, other = clean.a_reviewer("grants"), clean.a_reviewer("kanto-bureau", email="other@example.go.jp")
    (case,) = desk.get("/v1/cases", params={"application_id": application}, headers=bearer(official)).json()
    plan = filing["answers"]["plan"]
    path = f"/v1/cases/{case['id']}/attachments/{plan['id']}/content"
    answer = desk.get(path, headers=bearer(official))
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert [desk.get(path, headers=bearer(who)).status_code for who in (other, key, "")] == [404, 403, 401]
    stray = with_files(counter, key, {"answers": {"x": plan}})["answers"]["x"]["id"]  # of the organisation, but not of this case
    assert desk.get(path.replace(plan["id"], stray), headers=bearer(official)).status_code == 404


def test_a_file_that_is_not_as_it_was_sent_returns_the_application(
    counter: TestClient, clean: Site, key: str, filing: dict[str, Any]
) -> None:
    stranger = clean.an_applicant("stranger@example.com", name="他社")
    theirs = with_files(counter, stranger, {"answers": {"x": filing["answers"]["plan"]}})["answers"]["x"]
    filing["answers"]["plan"] = theirs
    filing["answers"]["accounts"][1]["size"] += 1
    filing["answers"]["register"]["id"] = "0193f0c2-7b1e-7000-8000-000000000001"
    said = counter.post("/v1/applications/check", json=filing, headers={**bearer(key), "accept-language": "en"}).json()
    application = filed(counter, key, filing)
    clean.deliver_all()
    mends = to_mend(counter, key, application)
    assert mends.keys() == {"/plan", "/accounts/1", "/register"}
    assert mends["/plan"] == "“Project plan”: the file “事業計画書.pdf” is not here any more; attach it again"
    assert {one["pointer"]: one["detail"] for one in said["errors"]} == {f"/answers{at}": says for at, says in mends.items()}


def test_a_file_of_a_type_that_the_field_does_not_take_is_refused_at_once(
    counter: TestClient, key: str, filing: dict[str, Any]
) -> None:
    sheet = {"name": "計画.xlsx", "type": FILE_TYPES["xlsx"].media_type, "sha256": ""}
    filing["answers"]["plan"] = with_files(counter, key, {"answers": {"x": sheet}})["answers"]["x"]
    assert file(counter, key, filing).status_code == 422


def test_what_is_filed_stays_and_serves_the_next_filing_too(
    counter: TestClient, clean: Site, key: str, filing: dict[str, Any]
) -> None:
    filing["answers"]["period"] = {"from": "2020-01-01", "to": "2020-02-01"}
    application = filed(counter, key, filing)
    clean.deliver_all()
    assert to_mend(counter, key, application).keys() == {"/period"}
    plan = filing["answers"]["plan"]["id"]
    assert counter.delete(f"/v1/attachments/{plan}", headers=bearer(key)).status_code == 409
    clean.run("update intake.attachment set expires_at = now() - interval '1 d'")
    from services.intake.tasks import purge_files

    purged(INTAKE)
    assert purge_files() is False
    assert counter.get(f"/v1/attachments/{plan}/content", headers=bearer(key)).content == PDF
    draft = counter.post("/v1/drafts", json={"copy_of": application}, headers=bearer(key)).json()
    change = {"version": draft["version"], "answers": {"period": {"from": "2099-01-01", "to": "2099-02-01"}}}
    draft = counter.patch(f"/v1/drafts/{draft['id']}", json=change, headers=bearer(key)).json()
    again = counter.post(f"/v1/drafts/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(key))
    assert again.status_code == 202, again.text
    clean.deliver_all()
    assert shown(counter, key, again.json()["id"])["status"] == "in_review"
    assert clean.value("select count(*) from intake.enclosure where attachment_id = cast(:id as uuid)", id=plan) == 2


def test_a_file_lives_as_long_as_the_draft_that_names_it(
    counter: TestClient, clean: Site, key: str, filing: dict[str, Any]
) -> None:
    days = "select round(extract(epoch from min(expires_at) - now()) / 86400) from intake.attachment"
    assert clean.value(days) == 7
    draft = counter.post("/v1/drafts", json=filing, headers=bearer(key))
    assert draft.status_code == 201, draft.text
    assert clean.value(days) == 372
    counter.delete(f"/v1/drafts/{draft.json()['id']}", headers=bearer(key))
    assert clean.value(days) == 1


def test_an_agent_sends_files_for_his_principal_and_both_reach_what_they_may(counter: TestClient, clean: Site, key: str) -> None:
    agent, other = clean.an_applicant(AGENT, name="行政書士法人代理"), clean.an_applicant("other@example.com", name="他社")
    whose = organisation(counter, key)
    query = {"on_behalf_of": whose}
    refused = counter.post("/v1/attachments", params=query, content=PDF, headers={**bearer(agent), **NAMED})
    assert refused.status_code == 403
    agreed = mandate(counter, key, agent, rights=["prepare", "file"])
    filing = with_files(counter, agent, example(HOJOKIN), **query) | {"on_behalf_of": whose}
    own = with_files(counter, key, {"answers": {"x": filing["answers"]["register"]}})["answers"]["x"]
    filing["answers"]["register"] = own  # one that the principal sent before
    draft = counter.post("/v1/drafts", json=filing, headers=bearer(agent))
    assert draft.status_code == 201, draft.text
    assert draft.json()["findings"] == []
    plan = filing["answers"]["plan"]

    def reached(who: str, one: dict[str, Any]) -> int:
        return int(counter.get(f"/v1/attachments/{one['id']}/content", headers=bearer(who)).status_code)

    assert [reached(who, plan) for who in (key, agent, other)] == [200, 200, 404]
    assert [reached(who, own) for who in (key, agent, other)] == [200, 200, 404]
    version = {"version": draft.json()["version"]}
    filed = counter.post(f"/v1/drafts/{draft.json()['id']}/filing", json=version, headers=bearer(agent))
    assert filed.status_code == 202, filed.text
    clean.deliver_all()
    assert shown(counter, key, filed.json()["id"])["status"] == "in_review"
    assert [reached(who, own) for who in (key, agent, other)] == [200, 200, 404]
    assert counter.delete(f"/v1/mandates/{agreed}", headers=bearer(key)).status_code == 204
    assert reached(agent, own) == 404


def verdict(clean: Site, attachment: str, state: str) -> None:
    """What the scanner finds, written down as the errand does."""
    with clean.session("intake") as session:
        clean.run("update intake.attachment set state = :state where id = cast(:id as uuid)", state=state, id=attachment)
        check_scanned(session, UUID(attachment))
        session.commit()


def check(clean: Site, application: str) -> None:
    """The format check as it is where files are scanned."""

    def handler(session: Session, events: list[ApplicationFiled]) -> None:
        check_format(session, events, scanning=True)

    from services.intake.tasks import work

    post = Post("intake", work.post.engine, {**work.post.handlers, "check_format": handler})
    events = clean.rows("select id from bus.event where subject = :id and type = 'application.filed.v1'", id=application)
    assert deliver(post, [row["id"] for row in events]) == 1


@pytest.mark.parametrize("last", ["clean", "infected", "failed"])
def test_an_application_waits_for_the_scan_of_all_its_files(
    counter: TestClient, clean: Site, key: str, filing: dict[str, Any], last: str
) -> None:
    application = filed(counter, key, filing)
    check(clean, application)
    answers = filing["answers"]
    files = [answers["plan"], *answers["accounts"], answers["register"], *answers["quotations"]]
    for one in files[:-1]:
        verdict(clean, one["id"], "clean")
        assert shown(counter, key, application)["status"] == "filed"
    verdict(clean, files[-1]["id"], last)
    verdict(clean, files[0]["id"], "clean")  # a second verdict changes nothing
    if last == "clean":
        assert shown(counter, key, application)["status"] == "arrived"
    else:
        assert to_mend(counter, key, application).keys() == {"/quotations/0"}


def test_an_application_that_was_withdrawn_while_it_waited_stays_so(
    counter: TestClient, clean: Site, key: str, filing: dict[str, Any]
) -> None:
    application = filed(counter, key, filing)
    check(clean, application)
    assert counter.post(f"/v1/applications/{application}/withdrawal", json={}, headers=bearer(key)).status_code == 202
    for row in clean.rows("select id from intake.attachment"):
        verdict(clean, str(row["id"]), "clean")
    assert shown(counter, key, application)["status"] == "withdrawn"
