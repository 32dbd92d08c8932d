"""Internal notes: colleagues read them, the mentioned are told, and nothing of them ever leaves the desk."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.files.samples import PDF
from tests.review.parts import CASES, an_arrival, case_of, opens
from tests.site import Site, bearer
from tests.web.conftest import HTML

SECRET = "この申請者は前回も遅れた。秘密のメモ"


@pytest.fixture
def official(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def colleague(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="p2@example.go.jp", name="広報 花子")


@pytest.fixture
def case(clean: Site, desk: TestClient, official: str) -> str:
    assert official
    desk.cookies.clear()  # a language that another test chose
    event = an_arrival()
    opens(clean, event)
    return str(case_of(clean, event)["id"])


def write(desk: TestClient, key: str, case: str, text: str = SECRET, **more: Any) -> httpx.Response:
    answer: httpx.Response = desk.post(f"{CASES}/{case}/notes", json={"text": text, **more}, headers=bearer(key))
    return answer


def read(desk: TestClient, key: str, case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(f"{CASES}/{case}/notes", headers=bearer(key)).json()
    return found


def a_file(desk: TestClient, key: str, case: str) -> str:
    headers = {**bearer(key), "content-disposition": 'attachment; filename="memo.pdf"'}
    answer = desk.post(f"{CASES}/{case}/files", content=PDF, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def as_person(desk: TestClient, key: str) -> dict[str, str]:
    return {"accept": HTML, "origin": str(desk.base_url), **bearer(key)}


def test_a_note_is_read_by_colleagues_and_no_event_mail_or_counter_has_it(
    clean: Site, desk: TestClient, official: str, colleague: str, case: str
) -> None:
    to = str(clean.account("p2@example.go.jp").id)
    assert write(desk, official, case, mentions=[to], files=[a_file(desk, official, case)]).status_code == 201
    clean.deliver_all()
    (note,) = read(desk, colleague, case)
    assert (note["text"], note["author"], note["mentions"][0]["name"]) == (SECRET, "広報 次郎", "広報 花子")
    assert [file["name"] for file in note["files"]] == ["memo.pdf"]
    told = clean.rows("select recipient, template from notify.message where channel = 'email' and template like 'note%'")
    assert [(row["recipient"], row["template"]) for row in told] == [("p2@example.go.jp", "note-mentioned")]
    assert clean.rows("select service from bus.delivery join bus.event on id = event_id where type like 'note.%'") == [
        {"service": "notify"}
    ]
    tables = ("bus.event", "notify.message", "review.audit_entry", "intake.message", "intake.step", "intake.notice")
    assert not [table for table in tables if "秘密" in str(clean.rows(f"select * from {table}"))]


def test_who_is_mentioned_finds_it_among_his_work_until_he_reads_it(
    clean: Site, desk: TestClient, official: str, colleague: str, case: str
) -> None:
    to = str(clean.account("p2@example.go.jp").id)
    write(desk, official, case, mentions=[to])
    me = as_person(desk, colleague)
    link = f"/desk/cases/{case}/notes#note-"
    assert link in desk.get("/desk/asked", headers=me).text
    assert link not in desk.get("/desk/asked", headers=as_person(desk, official)).text
    assert SECRET in desk.get(f"/desk/cases/{case}/notes", headers=me).text
    assert link not in desk.get("/desk/asked", headers=me).text
    assert read(desk, official, case)[0]["mentions"][0]["read_at"]


def test_only_who_may_see_the_case_can_be_mentioned_or_read_it(clean: Site, desk: TestClient, official: str, case: str) -> None:
    stranger = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    for email in ("h@example.go.jp", "press@example.go.jp"):  # a stranger, and oneself
        refused = write(desk, official, case, mentions=[str(clean.account(email).id)])
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/mentions")
    assert write(desk, stranger, case).status_code == 404
    assert desk.get(f"{CASES}/{case}/notes", headers=bearer(stranger)).status_code == 404
    file = a_file(desk, official, case)
    note = write(desk, official, case, files=[file]).json()["id"]
    path = f"/desk/cases/{case}/notes/{note}/files/{file}"
    assert desk.get(path, headers=as_person(desk, official)).content == PDF
    assert desk.get(path, headers=as_person(desk, stranger)).status_code == 404


def test_a_note_is_changed_by_its_author_for_a_quarter_of_an_hour(
    clean: Site, desk: TestClient, official: str, colleague: str, case: str
) -> None:
    to = str(clean.account("p2@example.go.jp").id)
    note = write(desk, official, case, mentions=[to]).json()["id"]
    here = f"{CASES}/{case}/notes/{note}"
    body = {"text": "言い直します。", "mentions": [to]}
    assert desk.put(here, json=body, headers=bearer(colleague)).status_code == 403
    changed = desk.put(here, json=body, headers=bearer(official))
    assert (changed.status_code, changed.json()["text"], bool(changed.json()["edited_at"])) == (200, "言い直します。", True)
    clean.deliver_all()
    assert clean.value("select count(*) from notify.message where channel = 'email' and template = 'note-mentioned'") == 1
    clean.run("update review.note set at = at - interval '16 minutes'")
    assert desk.put(here, json=body, headers=bearer(official)).status_code == 409


def test_of_a_deleted_note_its_place_is_left(clean: Site, desk: TestClient, official: str, colleague: str, case: str) -> None:
    to = str(clean.account("p2@example.go.jp").id)
    note = write(desk, official, case, mentions=[to], files=[a_file(desk, official, case)]).json()["id"]
    here = f"{CASES}/{case}/notes/{note}"
    assert desk.delete(here, headers=bearer(colleague)).status_code == 403
    assert desk.delete(here, headers=bearer(official)).status_code == 200
    (left,) = read(desk, colleague, case)
    assert (left["text"], left["author"], left["files"], left["mentions"]) == ("", "広報 次郎", [], [])
    assert left["deleted_at"]
    assert desk.delete(here, headers=bearer(official)).status_code == 404
    from services.review.tasks import purge_files

    purge_files()
    assert clean.value("select count(*) from review.file") == 0
    assert not [path for path in clean.storage.rglob("*") if path.is_file()]


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001, "a\0b"])
def test_what_is_no_note_is_refused(clean: Site, desk: TestClient, official: str, case: str, *, text: str) -> None:
    assert write(desk, official, case, text).status_code == 422
    assert clean.value("select count(*) from review.note") == 0


def test_notes_of_a_day_and_files_of_a_note_are_limited(
    clean: Site, desk: TestClient, official: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.review.notes.notes.MOST_A_DAY", 2)
    assert [write(desk, official, case).status_code for _ in range(3)] == [201, 201, 429]
    monkeypatch.setattr("services.review.files.files.MOST_LOOSE", 1)
    a_file(desk, official, case)
    headers = {**bearer(official), "content-disposition": 'attachment; filename="memo.pdf"'}
    assert desk.post(f"{CASES}/{case}/files", content=PDF, headers=headers).status_code == 409
    assert clean.value("select count(*) from review.file") == 1


def test_a_note_is_written_and_changed_by_form(clean: Site, desk: TestClient, official: str, colleague: str, case: str) -> None:
    me, to = as_person(desk, official), str(clean.account("p2@example.go.jp").id)
    here = f"/desk/cases/{case}/notes"
    assert f'value="{to}"' in desk.get(here, headers=me).text
    file = {"files.file": ("memo.pdf", PDF, "application/pdf")}
    wrong = desk.post(here, data={"text": "", "mentions": to}, files=file, headers=me)
    stranger = desk.post(here, data={"text": "x", "mentions": str(clean.account("press@example.go.jp").id)}, headers=me)
    assert (stranger.status_code, clean.value("select count(*) from review.note")) == (422, 0)
    assert (wrong.status_code, 'id="text-error"' in wrong.text, "memo.pdf" in wrong.text) == (422, True, True)
    sent = desk.post(here, data={"text": SECRET, "mentions": to}, files=file, headers=me, follow_redirects=False)
    assert sent.status_code == 303
    (note,) = read(desk, colleague, case)
    assert SECRET in desk.get(f"/desk/cases/{case}", headers=me).text
    form = desk.get(f"{here}/{note['id']}", headers=me).text
    assert 'name="files"' in form
    kept = {"text": "新しい文", "mentions": to, "files": note["files"][0]["id"]}
    assert desk.post(f"{here}/{note['id']}", data=kept, headers=me, follow_redirects=False).status_code == 303
    (changed,) = read(desk, colleague, case)
    assert (changed["text"], changed["files"]) == ("新しい文", note["files"])
    gone = desk.post(f"{here}/{note['id']}/deletion", headers=me, follow_redirects=False)
    assert gone.status_code == 303
    assert "筆者が削除" in desk.get(here, headers=me).text
