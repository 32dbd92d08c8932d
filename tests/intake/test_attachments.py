"""Attachments over HTTP: kept for their organisation alone, given out as downloads, and gone when nobody files them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient

from services.intake.files import attachments
from shared.storage import Folder, StorageError, attachment_key
from tests.files.samples import PDF, bomb
from tests.retention.parts import INTAKE, purged
from tests.site import Site, bearer

ATTACHMENTS = "/v1/attachments"


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def purge() -> bool:
    """What the worker's errands do."""
    from services.intake.tasks import purge_files

    purged(INTAKE)
    return purge_files()


def send(
    counter: Any, key: str, content: bytes = PDF, name: str = "事業計画書.pdf", *, media_type: str = "", length: int = 0
) -> httpx.Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    headers |= {"content-type": media_type} if media_type else {}
    headers |= {"content-length": str(length)} if length else {}
    answer: httpx.Response = counter.post(ATTACHMENTS, content=content, headers={**bearer(key), **headers})
    return answer


def sent(counter: Any, key: str, content: bytes = PDF, name: str = "事業計画書.pdf") -> dict[str, Any]:
    answer = send(counter, key, content, name)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kept(site: Site) -> list[Path]:
    """The files in the storage."""
    return [path for path in site.storage.rglob("*") if path.is_file() and path.parent.name != "incoming"]


def test_a_file_is_kept_and_handed_out_as_a_download(counter: TestClient, clean: Site, key: str) -> None:
    answer = send(counter, key, media_type="application/pdf")
    assert answer.status_code == 201
    made = answer.json()
    assert made["reference"] == {
        "id": made["id"],
        "name": "事業計画書.pdf",
        "size": len(PDF),
        "type": "application/pdf",
        "sha256": hashlib.sha256(PDF).hexdigest(),
    }
    assert made["state"] == "unscanned"
    path = answer.headers["location"]
    assert counter.get(path, headers=bearer(key)).json() == made
    content = counter.get(f"{path}/content", headers=bearer(key))
    assert content.content == PDF
    assert content.headers["content-disposition"] == (
        f"attachment; filename=\"_____.pdf\"; filename*=UTF-8''{quote('事業計画書.pdf')}"
    )
    assert content.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert content.headers["content-type"] == "application/pdf"
    (file,) = kept(clean)
    assert file.read_bytes() == PDF


def test_a_name_may_be_written_in_several_ways(counter: TestClient, key: str) -> None:
    for disposition in ('attachment; filename="計画.pdf"'.encode(), b"attachment; filename*=utf-8''%E8%A8%88%E7%94%BB.pdf"):
        answer = counter.post(ATTACHMENTS, content=PDF, headers={**bearer(key), "content-disposition": disposition})
        assert answer.json()["name"] == "計画.pdf"
    for disposition in (b"attachment", b"", b"\xff", b"attachment; filename*=x''%ff"):
        answer = counter.post(ATTACHMENTS, content=PDF, headers={**bearer(key), "content-disposition": disposition})
        assert answer.status_code in {400, 422}, disposition


def test_what_is_not_what_it_says_is_refused_and_not_kept(counter: TestClient, clean: Site, key: str) -> None:
    for name, content in (("plan.pdf", b"MZ" + PDF), ("run.exe", b"MZ"), ("a.zip", bomb(200)), ("plan.pdf", b"")):
        assert send(counter, key, content, name).status_code == 422
    assert send(counter, key, media_type="text/html").status_code == 422
    assert kept(clean) == []
    assert list((clean.storage / "incoming").iterdir()) == []
    assert clean.value("select count(*) from intake.attachment") == 0


def test_a_file_over_the_limit_is_refused_with_or_without_its_length(counter: TestClient, clean: Site, key: str) -> None:
    limit = 50 * 1024 * 1024
    assert send(counter, key, length=limit + 1).status_code == 413
    headers = {**bearer(key), "content-disposition": "attachment; filename=a.pdf"}
    piece = bytes(1024 * 1024)
    answer = counter.post(ATTACHMENTS, content=(piece for _ in range(51)), headers=headers)
    assert answer.status_code == 413
    assert list((clean.storage / "incoming").iterdir()) == []


def test_another_organisations_file_is_not_there(counter: TestClient, clean: Site, key: str) -> None:
    path = f"{ATTACHMENTS}/{sent(counter, key)['id']}"
    stranger, official = clean.an_applicant("stranger@example.com", name="他社"), clean.a_reviewer("kanto")
    for who, status in ((stranger, 404), (official, 403), ("", 401)):
        assert counter.get(path, headers=bearer(who)).status_code == status
        assert counter.get(f"{path}/content", headers=bearer(who)).status_code == status
        assert counter.delete(path, headers=bearer(who)).status_code == status
    assert send(counter, "").status_code == 401
    assert send(counter, official).status_code == 403


def test_what_nobody_filed_in_time_is_deleted_and_what_was_removed_at_once(counter: TestClient, clean: Site, key: str) -> None:
    old, new, removed = (sent(counter, key) for _ in range(3))
    clean.run("update intake.attachment set expires_at = now() - interval '1 s' where id = cast(:id as uuid)", id=old["id"])
    assert counter.delete(f"{ATTACHMENTS}/{removed['id']}", headers=bearer(key)).status_code == 204
    assert counter.get(f"{ATTACHMENTS}/{removed['id']}", headers=bearer(key)).status_code == 404
    assert purge() is False
    assert [str(row["id"]) for row in clean.rows("select id from intake.attachment")] == [new["id"]]
    assert [path.name for path in kept(clean)] == [new["id"]]


def test_whatever_moment_an_upload_or_a_purge_is_killed_in_nothing_is_left_over(
    counter: TestClient, clean: Site, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = sent(counter, key), sent(counter, key)
    clean.run("update intake.attachment set state = 'arriving', created_at = now() - interval '2 h'")
    (clean.storage / attachment_key(UUID(before["id"]))).unlink()  # killed before its content was put away, and after
    third = sent(counter, key)
    assert counter.get(f"{ATTACHMENTS}/{after['id']}", headers=bearer(key)).status_code == 404
    clean.run("update intake.attachment set expires_at = now() where id = cast(:id as uuid)", id=third["id"])
    with monkeypatch.context() as broken:  # killed between marking and deleting

        def fail(_storage: Folder, _key: str) -> None:
            raise StorageError

        broken.setattr(Folder, "delete", fail)
        assert purge() is False
    assert {row["state"] for row in clean.rows("select state from intake.attachment")} == {"leaving"}
    assert purge() is False
    assert clean.value("select count(*) from intake.attachment") == 0
    assert kept(clean) == []


def test_a_storage_that_is_away_takes_nothing_and_says_so(
    counter: TestClient, clean: Site, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sent(counter, key)

    def fail(*_: object) -> None:
        raise StorageError

    for method in ("put", "open", "scratch"):
        monkeypatch.setattr(Folder, method, fail)
        if method != "open":
            answer = send(counter, key)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert counter.get(f"{ATTACHMENTS}/{made['id']}/content", headers=bearer(key)).status_code == 503
    assert clean.value("select count(*) from intake.attachment") == 1
    assert counter.get("/health/ready").json()["parts"]["storage"]["ok"] is False


def test_an_organisation_has_so_many_files_that_are_not_filed(
    counter: TestClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_UNFILED", 2)
    sent(counter, key)
    second = sent(counter, key)
    assert send(counter, key).status_code == 409
    counter.delete(f"{ATTACHMENTS}/{second['id']}", headers=bearer(key))
    sent(counter, key)
    monkeypatch.setattr(attachments, "MOST_UNFILED", 100)
    monkeypatch.setattr(attachments, "UNFILED_BYTES", 3 * len(PDF) - 1)
    assert send(counter, key).status_code == 409


def test_only_so_many_uploads_at_once(counter: TestClient, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter.app.state.uploads, "_free", 0)  # type: ignore[attr-defined] # it is FastAPI's
    answer = send(counter, key)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
