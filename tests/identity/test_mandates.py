"""Acting for another organisation: granted by one owner, accepted by another, within its days, procedures and rights."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.i18n import JST
from tests.files.samples import PDF
from tests.identity.test_members import a_member
from tests.identity.test_sessions import signed_in
from tests.intake.parts import file
from tests.site import DENKI, KOEN, Site, bearer, example
from tests.web.conftest import Open, counter_pages, open_pages
from tests.web.test_forms import Entries

__all__ = ["counter_pages", "open_pages"]  # fixtures
MANDATES = "/v1/mandates"
AGENT = "agent@example.com"
NUMBER = "5010401067252"
TODAY = datetime.now(JST).date()


@pytest.fixture
def principal(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def agent(clean: Site) -> str:
    return clean.an_applicant(AGENT, name="行政書士法人代理")


def organisation(counter: TestClient, key: str) -> str:
    return str(counter.get("/v1/organisation", headers=bearer(key)).json()["id"])


def offer(counter: TestClient, key: str, to: str = AGENT, **changes: Any) -> Any:
    """Ask for a mandate; the answer."""
    said = {
        "agent": to,
        "rights": ["file", "receive"],
        "starts_on": TODAY.isoformat(),
        "ends_on": (TODAY + timedelta(days=365)).isoformat(),
    }
    return counter.post(MANDATES, json=said | changes, headers=bearer(key))


def mandate(counter: TestClient, principal: str, agent: str, **changes: Any) -> str:
    """A mandate that was accepted; its id."""
    answer = offer(counter, principal, **changes)
    assert answer.status_code == 201, answer.text
    accepted = counter.post(f"{MANDATES}/{answer.json()['id']}/acceptance", headers=bearer(agent))
    assert accepted.status_code == 204, accepted.text
    return str(answer.json()["id"])


def on_behalf(counter: TestClient, principal: str, procedure: str = DENKI, **more: Any) -> dict[str, Any]:
    return {**example(procedure), "on_behalf_of": organisation(counter, principal), **more}


def test_an_agent_files_and_both_are_recorded_and_shown(
    clean: Site, counter: TestClient, desk: TestClient, principal: str, agent: str
) -> None:
    mandate(counter, principal, agent)
    answer = file(counter, agent, on_behalf(counter, principal))
    assert answer.status_code == 202, answer.text
    (row,) = clean.rows("select organisation_id::text, agent_id::text, account_id from intake.application")
    assert (row["organisation_id"], row["agent_id"]) == (organisation(counter, principal), organisation(counter, agent))
    assert row["account_id"] == clean.account(AGENT).id
    for key in (principal, agent):
        shown = counter.get(f"/v1/applications/{answer.json()['id']}", headers=bearer(key)).json()
        assert shown["applicant"]["name"] == "株式会社窓口電機"
        assert shown["applicant"]["agent"]["name"] == "行政書士法人代理"
        receipt = counter.get(f"/v1/applications/{answer.json()['id']}/receipt", headers=bearer(key)).json()
        assert receipt["agent"] == {"name": "行政書士法人代理", "corporate_number": None}
    clean.deliver_all()
    official = clean.a_reviewer("kinki-bureau")
    (case,) = desk.get("/v1/cases", headers=bearer(official)).json()
    page = desk.get(f"/desk/cases/{case['id']}", headers={**bearer(official), "accept": "text/html"})
    assert "行政書士法人代理" in page.text
    assert clean.value("select recipient from notify.message where template = 'arrived'") == AGENT


def test_nothing_counts_before_it_is_accepted_and_only_who_it_is_offered_to_accepts(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    stranger = clean.an_applicant("stranger@example.com", name="無関係")
    id_ = offer(counter, principal).json()["id"]
    assert file(counter, agent, on_behalf(counter, principal)).status_code == 403
    for key in (stranger, principal):
        assert counter.post(f"{MANDATES}/{id_}/acceptance", headers=bearer(key)).status_code == 404
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(stranger)).status_code == 404
    assert [one["side"] for one in counter.get(MANDATES, headers=bearer(agent)).json()] == ["held"]
    assert counter.get(MANDATES, headers=bearer(stranger)).json() == []
    assert counter.post(f"{MANDATES}/{id_}/acceptance", headers=bearer(agent)).status_code == 204
    assert file(counter, agent, on_behalf(counter, principal)).status_code == 202


def test_a_member_who_is_no_owner_neither_grants_nor_accepts_nor_ends(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    member = a_member(clean, "file")
    assert offer(counter, member).status_code == 403
    id_ = mandate(counter, principal, agent)
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(member)).status_code == 403
    assert [one["id"] for one in counter.get(MANDATES, headers=bearer(member)).json()] == [id_]


def test_a_number_reaches_the_verified_organisation_only(clean: Site, counter: TestClient, principal: str, agent: str) -> None:
    claiming = clean.an_applicant("claims@example.com", name="名乗るだけ")
    clean.run("update identity.organisation set corporate_number = :n where name = '行政書士法人代理'", n=NUMBER)
    clean.run("update identity.organisation set claimed_number = :n, verified = false where name = '名乗るだけ'", n=NUMBER)
    mandate(counter, principal, agent, to=NUMBER)
    assert counter.get(MANDATES, headers=bearer(claiming)).json() == []
    clean.deliver_all()
    assert clean.value("select recipient from notify.message where template = 'mandate-offered'") == AGENT


def test_an_offer_says_nothing_of_who_is_registered(clean: Site, counter: TestClient, principal: str, agent: str) -> None:
    known, unknown = (offer(counter, principal, one).json() for one in (AGENT, "nobody@example.com"))
    for one in (known, unknown):
        assert (one["agent"]["name"], one["accepted_at"]) == (None, None)
    clean.deliver_all()
    told = clean.rows("select recipient from notify.message where template = 'mandate-offered'")
    assert sorted(one["recipient"] for one in told) == [AGENT, "nobody@example.com"]
    assert agent


def refused(counter: TestClient, principal: str, agent: str, **how: Any) -> str:
    answer = file(counter, agent, on_behalf(counter, principal, **how), **{"accept-language": "en"})
    assert answer.status_code == 403, answer.text
    return str(answer.json()["detail"])


def test_what_a_mandate_does_not_cover_is_refused_with_why(clean: Site, counter: TestClient, principal: str, agent: str) -> None:
    assert "hold no mandate" in refused(counter, principal, agent)
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    id_ = mandate(counter, principal, agent, starts_on=tomorrow)
    assert refused(counter, principal, agent) == f"Your mandate begins on {tomorrow}"
    clean.run("update identity.mandate set starts_on = :d - 9, ends_on = :d - 1", d=TODAY)
    assert "has ended" in refused(counter, principal, agent)
    clean.run("update identity.mandate set ends_on = :d", d=TODAY)
    assert file(counter, agent, on_behalf(counter, principal)).status_code == 202, "its last day is a day of it"
    clean.run("update identity.mandate set procedures = array['koen-meigi']")
    assert "other procedures" in refused(counter, principal, agent)
    clean.run("update identity.mandate set procedures = null, rights = array['prepare']")
    assert "does not let you" in refused(counter, principal, agent)
    clean.run("update identity.mandate set rights = array['file']")
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(principal)).status_code == 204
    assert "has ended" in refused(counter, principal, agent)


@pytest.mark.parametrize("side", ["principal", "agent"])
def test_either_side_ends_it_and_the_agent_sees_nothing_more(counter: TestClient, principal: str, agent: str, side: str) -> None:
    id_ = mandate(counter, principal, agent)
    application = file(counter, agent, on_behalf(counter, principal)).json()["id"]
    body = {"procedure": DENKI, "on_behalf_of": organisation(counter, principal)}
    draft = counter.post("/v1/drafts", json=body, headers=bearer(agent)).json()["id"]
    paths = [f"/v1/applications/{application}", f"/v1/drafts/{draft}", f"/v1/applications/{application}/receipt"]
    assert [counter.get(path, headers=bearer(agent)).status_code for path in paths] == [200] * 3
    ends = {"principal": principal, "agent": agent}[side]
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(ends)).status_code == 204
    assert [counter.get(path, headers=bearer(agent)).status_code for path in paths] == [404] * 3
    assert counter.get("/v1/applications", headers=bearer(agent)).json() == []
    assert counter.get("/v1/drafts", headers=bearer(agent)).json() == []
    assert [counter.get(path, headers=bearer(principal)).status_code for path in paths] == [200] * 3
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(ends)).status_code == 404


def test_a_draft_under_a_mandate_is_seen_by_both_and_filed_by_who_may(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    mandate(counter, principal, agent, rights=["prepare"], procedures=[DENKI])
    own = counter.post("/v1/drafts", json={"procedure": DENKI}, headers=bearer(principal)).json()
    said = {"procedure": DENKI, "on_behalf_of": organisation(counter, principal), "answers": example(DENKI)["answers"]}
    draft = counter.post("/v1/drafts", json=said, headers=bearer(agent)).json()
    assert (draft["organisation_id"], draft["agent"]) == (organisation(counter, principal), "行政書士法人代理")
    assert [one["id"] for one in counter.get("/v1/drafts", headers=bearer(agent)).json()] == [draft["id"]]
    assert {one["id"] for one in counter.get("/v1/drafts", headers=bearer(principal)).json()} == {own["id"], draft["id"]}
    assert counter.get(f"/v1/drafts/{own['id']}", headers=bearer(agent)).status_code == 404
    version = {"version": draft["version"]}
    refusal = counter.post(f"/v1/drafts/{draft['id']}/filing", json=version, headers=bearer(agent))
    assert refusal.status_code == 403
    clean.run("update intake.draft set held_until = now()")
    filed = counter.post(f"/v1/drafts/{draft['id']}/filing", json=version, headers=bearer(principal))
    assert filed.status_code == 202, filed.text
    assert clean.value("select agent_id from intake.application") is None
    assert counter.get(f"/v1/applications/{filed.json()['id']}", headers=bearer(agent)).status_code == 404


def test_an_agent_files_his_draft_for_the_principal(clean: Site, counter: TestClient, principal: str, agent: str) -> None:
    mandate(counter, principal, agent, rights=["file"])
    said = {"procedure": DENKI, "on_behalf_of": organisation(counter, principal), "answers": example(DENKI)["answers"]}
    draft = counter.post("/v1/drafts", json=said, headers=bearer(agent)).json()
    for _ in range(2):
        filed = counter.post(f"/v1/drafts/{draft['id']}/filing", json={"version": draft["version"]}, headers=bearer(agent))
        assert filed.status_code == 202, filed.text
    (row,) = clean.rows("select organisation_id::text, agent_id::text from intake.application")
    assert row == {"organisation_id": organisation(counter, principal), "agent_id": organisation(counter, agent)}


def test_a_draft_for_a_principal_begins_with_what_is_known_of_him(counter: TestClient, principal: str, agent: str) -> None:
    mandate(counter, principal, agent)
    body = {"procedure": DENKI, "on_behalf_of": organisation(counter, principal)}
    draft = counter.post("/v1/drafts", json=body, headers=bearer(agent)).json()
    assert draft["answers"] == {"name": "株式会社窓口電機"}


def test_who_may_receive_sees_all_of_the_procedures_and_who_may_file_his_own(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    mandate(counter, principal, agent, rights=["file"])
    theirs = file(counter, principal, example(DENKI)).json()["id"]
    other = file(counter, principal, example(KOEN)).json()["id"]
    mine = file(counter, agent, on_behalf(counter, principal)).json()["id"]

    def seen() -> set[str]:
        return {one["id"] for one in counter.get("/v1/applications", headers=bearer(agent)).json()}

    assert seen() == {mine}
    clean.run("update identity.mandate set rights = array['receive']")
    assert seen() == {mine, theirs, other}
    clean.run("update identity.mandate set procedures = array[:p]", p=DENKI)
    assert seen() == {mine, theirs}
    assert counter.get(f"/v1/applications/{other}", headers=bearer(agent)).status_code == 404
    answer = counter.post(f"/v1/applications/{theirs}/withdrawal", json={}, headers=bearer(agent))
    assert answer.status_code == 403, "to see is not to withdraw"
    clean.run("update identity.mandate set rights = array['file', 'receive']")
    assert counter.post(f"/v1/applications/{theirs}/withdrawal", json={}, headers=bearer(agent)).status_code == 202


def test_a_copy_of_a_principals_application_is_the_principals(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    mandate(counter, principal, agent, rights=["receive"])
    theirs = file(counter, principal, example(DENKI)).json()["id"]
    assert counter.post("/v1/drafts", json={"copy_of": theirs}, headers=bearer(agent)).status_code == 403
    clean.run("update identity.mandate set rights = array['prepare', 'receive']")
    draft = counter.post("/v1/drafts", json={"copy_of": theirs}, headers=bearer(agent)).json()
    assert draft["organisation_id"] == organisation(counter, principal)


def test_the_principals_kind_counts_and_the_agents_own_rights_too(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    mandate(counter, principal, agent)
    clean.run("update identity.organisation set kind = 'ministry' where name = '株式会社窓口電機'")
    assert "corporation" in refused(counter, principal, agent)
    clean.run("update identity.organisation set kind = 'corporation'")
    clean.run("update identity.account set rights = 'read' where id = :id", id=clean.account(AGENT).id)
    counter.app.state.callers.forget_all()  # type: ignore[attr-defined] # FastAPI's state
    assert "read" in refused(counter, principal, agent)


def test_bulk_filing_and_the_check_know_principals_too(counter: TestClient, principal: str, agent: str) -> None:
    import json

    body = on_behalf(counter, principal)
    assert counter.post("/v1/applications/check", json=body, headers=bearer(agent)).status_code == 403
    mandate(counter, principal, agent)
    assert counter.post("/v1/applications/check", json=body, headers=bearer(agent)).json()["valid"] is True
    lines = "\n".join(json.dumps(one) for one in (body, example(DENKI)))
    headers = {**bearer(agent), "idempotency-key": "two"}
    answer = counter.post("/v1/applications/bulk", content=lines.encode(), headers=headers)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 202]
    assert len(counter.get("/v1/applications", headers=bearer(principal)).json()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"agent": "5010401067253"},
        {"agent": "nobody"},
        {"rights": []},
        {"rights": ["rule"]},
        {"procedures": []},
        {"ends_on": (TODAY - timedelta(days=1)).isoformat()},
        {"ends_on": "9999-01-01"},
        {"starts_on": "yesterday"},
    ],
)
def test_a_mandate_that_cannot_be_is_refused(clean: Site, counter: TestClient, principal: str, wrong: dict[str, Any]) -> None:
    assert offer(counter, principal, **wrong).status_code == 422
    assert clean.value("select count(*) from identity.mandate") == 0


def test_a_procedure_that_is_not_there_and_ones_own_organisation_are_refused(counter: TestClient, principal: str) -> None:
    assert offer(counter, principal, procedures=["no-such"]).status_code == 404
    assert offer(counter, principal, "applicant@example.com").status_code == 409


def test_both_do_all_of_it_on_pages(clean: Site, open_pages: Open, principal: str, agent: str) -> None:
    ours, theirs = signed_in(open_pages, clean), signed_in(open_pages, clean, AGENT)
    form = {"agent": AGENT, "scope": "some", "procedures": DENKI, "rights": ["file", "receive"], "starts_on": TODAY.isoformat()}
    assert ours.get("/organisation/mandates/new").status_code == 200
    assert ours.post("/organisation/mandates", data={**form, "ends_on": "x"}).status_code == 422
    empty = ours.post("/organisation/mandates", data={**form, "agent": "", "ends_on": ""}).text
    assert all(f'id="{place}-error"' in empty for place in ("agent", "ends_on"))
    assert ours.post("/organisation/mandates", data={**form, "ends_on": "2020-01-01"}).status_code == 422
    assert ours.post("/organisation/mandates", data={**form, "agent": "@", "ends_on": "2099-01-01"}).status_code == 422
    answer = ours.post("/organisation/mandates", data={**form, "ends_on": (TODAY + timedelta(days=30)).isoformat()})
    assert answer.status_code == 303, answer.text
    id_ = clean.value("select id from identity.mandate")
    assert "株式会社窓口電機" in theirs.get("/organisation/mandates").text
    assert theirs.post(f"/organisation/mandates/{id_}/acceptance").status_code == 303
    assert "行政書士法人代理" in ours.get("/organisation/mandates").text
    start = theirs.get(f"/procedures/{DENKI}/apply").text
    home = clean.value("select id from identity.organisation where name = '株式会社窓口電機'")
    assert str(home) in start
    assert str(home) not in theirs.get(f"/procedures/{KOEN}/apply").text, "the mandate is for another procedure"
    begun = theirs.post(f"/procedures/{DENKI}/apply", data={"on_behalf_of": str(home)})
    assert begun.status_code == 303
    assert theirs.get(begun.headers["location"]).status_code == 200
    assert "株式会社窓口電機" in theirs.get("/drafts").text
    assert "行政書士法人代理" in ours.get("/drafts").text
    assert theirs.post(f"/procedures/{KOEN}/apply", data={"on_behalf_of": str(home)}).status_code == 403
    assert theirs.post(f"/organisation/mandates/{id_}/end").status_code == 303
    assert theirs.get(begun.headers["location"]).status_code == 404
    assert principal
    assert agent


def test_an_agent_attaches_files_for_its_principal(
    clean: Site, counter: TestClient, open_pages: Open, principal: str, agent: str
) -> None:
    ended = mandate(counter, principal, agent, procedures=[KOEN])
    home = organisation(counter, principal)
    stranger = clean.an_applicant("stranger@example.com", name="無関係株式会社")
    headers = {"content-disposition": 'attachment; filename="plan.pdf"'}
    send = {"params": {"on_behalf_of": home}, "content": PDF}
    assert counter.post("/v1/attachments", **send, headers=bearer(stranger) | headers).status_code == 403
    sent = counter.post("/v1/attachments", **send, headers=bearer(agent) | headers)
    assert sent.status_code == 201, sent.text
    whose = "select organisation_id::text from intake.attachment where id = cast(:id as uuid)"
    assert clean.value(whose, id=sent.json()["id"]) == home
    there = f"/v1/attachments/{sent.json()['id']}"
    seen = {key: counter.get(there, headers=bearer(key)).status_code for key in (principal, agent, stranger)}
    assert seen == {principal: 200, agent: 200, stranger: 404}
    filing = on_behalf(counter, principal, KOEN)
    filing["answers"]["plan"] = sent.json()["reference"]
    assert file(counter, agent, filing).status_code == 202

    theirs = signed_in(open_pages, clean, AGENT)
    begun = theirs.post(f"/procedures/{KOEN}/apply", data={"on_behalf_of": home}).headers["location"]
    page = begun.replace("/pages/1", "/pages/3")
    entries = Entries(theirs.get(page).text, page).sent
    entries = {name: texts for name, texts in entries.items() if not name.endswith(".file")} | {"go": ["update"]}
    assert theirs.post(page, data=entries, files=[("plan.file", ("p.pdf", PDF, "application/pdf"))]).status_code == 303
    assert set(clean.rows("select organisation_id::text as of from intake.attachment")[1].values()) == {home}
    assert "p.pdf" in theirs.get(page).text
    counter.delete(f"{MANDATES}/{ended}", headers=bearer(principal))
    assert counter.get(there, headers=bearer(agent)).status_code == 404


def a_file(counter: TestClient, key: str) -> Any:
    headers = {**bearer(key), "content-disposition": "attachment; filename=plan.pdf"}
    return counter.post("/v1/attachments", content=PDF, headers=headers)


def test_who_may_receive_opens_the_files_of_what_he_sees_and_no_others(
    clean: Site, counter: TestClient, principal: str, agent: str
) -> None:
    filed, other = a_file(counter, principal).json(), a_file(counter, principal).json()
    filing = example(KOEN)
    filing["answers"]["plan"] = filed["reference"]
    assert file(counter, principal, filing).status_code == 202
    mandate(counter, principal, agent, rights=["receive"], procedures=[KOEN])

    def seen(one: dict[str, Any]) -> int:
        return int(counter.get(f"/v1/attachments/{one['id']}", headers=bearer(agent)).status_code)

    assert (seen(filed), seen(other)) == (200, 404)
    clean.run("update identity.mandate set procedures = array[:p]", p=DENKI)
    assert (seen(filed), seen(other)) == (404, 404)


def test_who_may_only_read_sends_and_removes_no_file(clean: Site, counter: TestClient, principal: str) -> None:
    reader = a_member(clean, "read")
    assert a_file(counter, reader).status_code == 403
    made = a_file(counter, principal).json()["id"]
    assert counter.get(f"/v1/attachments/{made}", headers=bearer(reader)).status_code == 200
    assert counter.delete(f"/v1/attachments/{made}", headers=bearer(reader)).status_code == 403
