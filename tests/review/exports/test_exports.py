"""Exports: every format says the same, does no harm, and is for whoever asked alone."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook

from services.review.bulk import exporting
from shared.events import Applicant
from shared.storage import StorageError, attachment_key, storage_at
from tests.files.samples import PDF
from tests.retention.parts import REVIEW, purged
from tests.review.bulk.parts import Bulk, works
from tests.review.parts import an_arrival, opens
from tests.site import KOEN, Site, bearer

EVIL = '=HYPERLINK("http://evil.example","押す")'


@pytest.fixture
def press(desk: TestClient, clean: Site) -> Bulk:
    """An official who sees what was filed for the use of the ministry's name."""
    return Bulk(desk, clean, "public-relations")


def filed(site: Site, **answers: Any) -> None:
    evil = Applicant(organisation_id=uuid4(), name=EVIL, corporate_number="7000012050002")
    opens(site, an_arrival(KOEN, **answers).model_copy(update={"applicant": evil, "arrival_number": "A20261125-0000001"}))


def exported(bulk: Bulk, form: str, number: int = 1, **wanted: Any) -> bytes:
    job = bulk.asks("/exports", format=form, filter=wanted)
    shown = bulk.does("GET", f"/{job}")
    assert shown["state"] == "done", shown
    answer = bulk.send("GET", f"/{job}/files/{number}/content")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert shown["files"][number - 1]["size"] == len(answer.content)
    return answer.content


def rows_of(form: str, content: bytes) -> list[list[Any]]:
    if form == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    rows: list[list[Any]] = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return rows


@pytest.mark.parametrize("form", ["csv", "xlsx", "ods"])
def test_a_table_has_facts_and_fields_and_no_formula(clean: Site, press: Bulk, form: str) -> None:
    filed(clean, purpose="一行目\n+二行目", content="@SUM(1)", organiser="　＝1+1")
    content = exported(press, form, procedure=KOEN)
    title, row = rows_of(form, content)
    cells = dict(zip(title, row, strict=True))
    assert cells["到達番号"] == "A20261125-0000001"
    assert cells["申請者"] == (f"'{EVIL}" if form == "csv" else EVIL)
    assert cells["法人番号"] == "7000012050002"
    assert cells["目的"] == "一行目\n+二行目"
    assert float(cells["参加予定者数"]) == 1200
    assert "経済産業省" in next(str(cell) for cell in row if "2024" in str(cell))
    texts = [str(cell) for cell in row]
    if form == "csv":
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\r\n") == 2
        assert {"'@SUM(1)", "'　＝1+1"} <= set(texts)
    elif form == "xlsx":
        sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert b"@SUM(1)" in sheet
    else:
        archive = zipfile.ZipFile(io.BytesIO(content))
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert b"formula" not in archive.read("content.xml")


def test_several_procedures_have_their_facts_in_common_and_json_has_the_answers(clean: Site, press: Bulk) -> None:
    filed(clean, event="催事")
    (title, _) = rows_of("csv", exported(press, "csv"))
    assert len(title) == 17
    (record,) = json.loads(exported(press, "json"))
    assert (record["answers"]["event"], record["applicant"], record["group"]) == ("催事", EVIL, "public-relations")
    assert json.loads(exported(press, "json", state="decided")) == []


def test_an_archive_has_the_files_of_each_case_and_says_what_is_missing(clean: Site, desk: TestClient) -> None:
    bulk = Bulk(desk, clean, "grants")
    here, gone = uuid4(), uuid4()
    storage = storage_at(str(clean.storage))
    with storage.scratch() as file:
        file.write(PDF)
        storage.put(attachment_key(here), file)
    named = [
        {"id": str(one), "name": name, "size": len(PDF), "type": "application/pdf", "sha256": "0" * 64}
        for one, name in ((here, "../../見積書.pdf"), (gone, "b.pdf"))
    ]
    event = an_arrival("hojokin-kofu").model_copy(update={"arrival_number": "A20261125-0000009"})
    procedure = clean.value("select definition from review.procedure where id = 'hojokin-kofu' order by version desc limit 1")
    fields = [one for page in procedure["form"] for one in page["fields"]]
    key = next(one["key"] for one in fields if one["type"] == "attachments")
    opens(clean, event.model_copy(update={"answers": {**event.answers, key: named}}))
    archive = zipfile.ZipFile(io.BytesIO(exported(bulk, "zip", procedure="hojokin-kofu")))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert [(one["there"], one["case"]) for one in manifest if one["id"] in {str(here), str(gone)}] == [
        (True, "A20261125-0000009"),
        (False, "A20261125-0000009"),
    ]
    (path,) = [one["path"] for one in manifest if one["id"] == str(here)]
    assert ".." not in path.split("/")
    assert archive.read(path) == PDF
    assert "A20261125-0000009" in archive.read("cases.csv").decode("utf-8-sig")


def test_a_large_export_has_several_files_and_a_worker_that_fails_begins_one_anew(
    clean: Site, press: Bulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens(clean, *(an_arrival() for _ in range(7)))
    monkeypatch.setattr(exporting, "PAGE", 2)
    monkeypatch.setattr(exporting, "MOST_ROWS", 4)
    write, calls = exporting._write_page, 0

    def fails(*arguments: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        write(*arguments, **more)
        if calls == 4:
            raise StorageError("full")

    monkeypatch.setattr(exporting, "_write_page", fails)
    job = press.asks("/exports", format="json", filter={})
    shown = press.does("GET", f"/{job}")
    assert (shown["state"], shown["exported"], [one["cases"] for one in shown["files"]]) == ("done", 7, [4, 3])
    records = [json.loads(press.send("GET", f"/{job}/files/{number}/content").content) for number in (1, 2)]
    assert len({record["id"] for part in records for record in part}) == 7
    monkeypatch.setattr(exporting, "_write_page", lambda *_, **__: (_ for _ in ()).throw(StorageError("full")))
    assert press.does("GET", f"/{press.asks('/exports', format='csv', filter={})}")["state"] == "failed"


def test_a_file_is_for_whoever_asked_while_he_has_duties_and_for_a_week(clean: Site, desk: TestClient, press: Bulk) -> None:
    filed(clean)
    job = press.asks("/exports", format="csv", filter={})
    path = f"/{job}/files/1/content"
    other = Bulk(desk, clean, "public-relations", email="other@example.go.jp")
    assert other.send("GET", path).status_code == 404
    assert press.send("GET", path).status_code == 200
    acts = [row["act"] for row in clean.rows("select act from review.audit_entry where act like 'job.%' order by id")]
    assert acts == ["job.export-asked", "job.export-written", "job.export-fetched"]
    headers = {**bearer(press.key), "accept": "text/html"}
    assert f"/desk/jobs/{job}/files/1" in desk.get(f"/desk/jobs/{job}", headers=headers).text
    clean.run("delete from identity.duty where account_id = :id", id=clean.account(press.email).id)
    assert press.send("GET", path).status_code == 403
    clean.run("update review.job_file set kept_until = now()")
    from services.review.tasks import purge_files

    storage = storage_at(str(clean.storage))
    purged(REVIEW)
    assert purge_files() is False
    assert press.send("GET", path).status_code == 404
    with pytest.raises(StorageError):
        storage.open(exporting.file_key(clean.value("select id from review.job"), 1))


def test_a_file_is_not_for_who_has_a_conflict_of_interest_by_now(clean: Site, desk: TestClient, press: Bulk) -> None:
    filed(clean)
    job = press.asks("/exports", format="json", filter={})
    (case,) = desk.get("/v1/cases", headers=bearer(press.key)).json()
    assert press.send("GET", f"/{job}/files/1/content").status_code == 200
    said = {"kind": "case", "party": case["id"], "reason": "親族の会社です。"}
    assert desk.post("/v1/conflicts", json=said, headers=bearer(press.key)).status_code == 201
    assert press.send("GET", f"/{job}/files/1/content").status_code == 403
    assert exported(press, "json") == b"[]\n"


def test_an_export_has_nothing_of_other_groups_and_stops_when_it_is_cancelled(clean: Site, desk: TestClient, press: Bulk) -> None:
    filed(clean)
    assert json.loads(exported(Bulk(desk, clean, "grants", email="grants@example.go.jp"), "json")) == []
    job = press.does("POST", "/exports", {"format": "csv"})["id"]
    press.does("POST", f"/{job}/cancel")
    works()
    assert press.does("GET", f"/{job}")["files"] == []
