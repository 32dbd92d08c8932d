"""Files that go with messages, in both directions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.files.samples import PDF
from tests.flows import corrections as on
from tests.site import Site, bearer
from tests.web.conftest import HTML

NAME = {"content-disposition": 'attachment; filename="letter.pdf"'}
FORM_FILE = {"files.file": ("letter.pdf", PDF, "application/pdf")}


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def application(clean: Site, counter: TestClient, key: str, press: str) -> str:
    assert press
    return on.filed(clean, counter, key)


@pytest.fixture
def case(clean: Site, application: str) -> str:
    return on.case_of(clean, application)


def send(client: TestClient, path: str, key: str) -> str:
    answer = client.post(path, content=PDF, headers={**bearer(key), **NAME})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def write(client: TestClient, path: str, key: str, *files: str) -> httpx.Response:
    body = {"text": "添付をご覧ください。", "files": list(files)}
    answer: httpx.Response = client.post(f"{path}/messages", json=body, headers=bearer(key))
    return answer


def newest(client: TestClient, path: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{path}/messages", headers=bearer(key)).json()[-1]
    return found


def fetched(client: TestClient, path: str, key: str, message: dict[str, Any]) -> httpx.Response:
    address = f"{path}/messages/{message['id']}/files/{message['files'][0]['id']}/content"
    answer: httpx.Response = client.get(address, headers=bearer(key))
    return answer


def test_a_file_goes_with_a_message_in_both_directions(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    here, there = f"/v1/applications/{application}", f"/v1/cases/{case}"
    assert write(counter, here, key, send(counter, "/v1/attachments", key)).status_code == 201
    assert write(desk, there, press, send(desk, f"{there}/files", press)).status_code == 201
    for _ in range(2):
        clean.deliver_all()
        on.bring_back(clean, "message.to-office.v1")
        on.bring_back(clean, "message.to-applicant.v1")
    clean.deliver_all()
    both = counter.get(f"{here}/messages", headers=bearer(key)).json()
    assert both == desk.get(f"{there}/messages", headers=bearer(press)).json()
    assert [one["files"][0]["name"] for one in both] == ["letter.pdf", "letter.pdf"]
    for message in both:
        assert fetched(counter, here, key, message).content == PDF
        assert fetched(desk, there, press, message).content == PDF
    stranger, other_office = clean.an_applicant("b@example.com", name="乙"), clean.a_reviewer("hokkaido-bureau", email="h@e.jp")
    assert fetched(counter, here, stranger, both[0]).status_code == 404
    assert fetched(desk, there, other_office, both[0]).status_code == 404
    clean.run("update intake.attachment set expires_at = now() - interval '1 day'")
    clean.run("update review.file set created_at = now() - interval '9 days'")
    from services.intake.tasks import purge_files
    from services.review.tasks import purge_files as purge_at_desk

    purge_files()
    purge_at_desk()
    assert all(fetched(counter, here, key, message).content == PDF for message in both)


def test_others_files_and_those_not_scanned_yet_do_not_go(
    clean: Site,
    counter: TestClient,
    desk: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    *,
    key: str,
    press: str,
    application: str,
    case: str,
) -> None:
    here, there = f"/v1/applications/{application}", f"/v1/cases/{case}"
    other = clean.an_applicant("b@example.com", name="乙")
    mine, foreign = send(counter, "/v1/attachments", key), send(counter, "/v1/attachments", other)
    colleague = clean.a_reviewer("public-relations", email="p2@example.go.jp")
    ours, his = send(desk, f"{there}/files", press), send(desk, f"{there}/files", colleague)
    for client, path, who, file in ((counter, here, key, foreign), (desk, there, press, his)):
        refused = write(client, path, who, file)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/files")
    for client in (counter, desk):
        state = client.app.state._state  # type: ignore[attr-defined] # it is FastAPI's
        monkeypatch.setitem(state, "settings", state["settings"].model_copy(update={"clamd": "tcp://127.0.0.1:1"}))
    assert write(counter, here, key, mine).status_code == write(desk, there, press, ours).status_code == 409
    clean.run("update intake.attachment set state = 'infected'")
    clean.run("update review.file set state = 'infected'")
    assert write(counter, here, key, mine).status_code == write(desk, there, press, ours).status_code == 422
    assert clean.value("select count(*) from intake.message") + clean.value("select count(*) from review.message") == 0


def test_files_are_attached_by_form_on_both_sides(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, application: str, case: str
) -> None:
    sides = ((counter, f"/applications/{application}/messages", key), (desk, f"/desk/cases/{case}/messages", press))
    for client, path, who in sides:
        me = {**bearer(who), "accept": HTML, "origin": str(client.base_url)}
        wrong = client.post(path, data={"text": ""}, files=FORM_FILE, headers=me)
        assert (wrong.status_code, 'id="text-error"' in wrong.text) == (422, True)
        kept = wrong.text.partition('name="files" value="')[2].partition('"')[0]
        sent = client.post(path, data={"text": "どうぞ。", "files": kept}, headers=me, follow_redirects=False)
        assert sent.status_code == 303
        clean.deliver_all()
    for client, path, who in sides:
        me = {**bearer(who), "accept": HTML}
        page = client.get(path, headers=me).text
        links = [part.partition('"')[0] for part in page.split('href="') if "/files/" in part.partition('"')[0]]
        assert len(links) == 2
        assert all(client.get(link, headers=me).content == PDF for link in links)
