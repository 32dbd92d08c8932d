"""Attaching files on the pages, as browsers send them, without scripts."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.files.samples import JPEG, PDF, bomb, office
from tests.site import Site
from tests.web.conftest import ask_for_link
from tests.web.test_forms import Entries

KOEN = "koen-meigi"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def person(counter_pages: TestClient, clean: Site) -> TestClient:
    clean.an_applicant()
    counter_pages.post("/sign-in/link", data=ask_for_link(counter_pages, clean, "applicant@example.com"))
    return counter_pages


@pytest.fixture
def path(person: TestClient) -> str:
    begun: str = person.post(f"/procedures/{KOEN}/apply").headers["location"]
    return begun.replace("/pages/1", "/pages/3")


def send(person: TestClient, path: str, *files: tuple[str, str, bytes, str], go: str = "update", **more: Any) -> Any:
    """Press a button of a page with these files chosen: field, name, content, type."""
    page = person.get(path).text
    assert 'enctype="multipart/form-data"' in page
    entries = Entries(page, path).sent
    entries = {name: texts for name, texts in entries.items() if not name.endswith(".file")} | {"go": [go]} | more
    chosen = [(f"{field}.file", (name, content, kind)) for field, name, content, kind in files]
    return person.post(path, data=entries, files=chosen or [("plan.file", ("", b"", "application/octet-stream"))])


def test_names_of_fields_take_no_more_memory_than_texts_may(person: TestClient, path: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="%d-' + b"n" * 4000 + b'"\r\n\r\n\r\n'
    body = b"".join(part % number for number in range(300)) + b"--b--\r\n"
    answer = person.post(path, content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 413


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", "x"])
def test_a_version_that_is_no_number_is_an_old_one(person: TestClient, path: str, version: str) -> None:
    assert send(person, path, version=[version]).status_code < 500


def test_a_file_is_saved_with_its_page_shown_replaced_and_taken_out(person: TestClient, clean: Site, path: str) -> None:
    assert send(person, path, ("plan", "事業 計画.pdf", PDF, "application/pdf")).status_code == 303
    page = person.get(path).text
    assert "事業 計画.pdf（PDF、" in page
    assert "ウイルス検査なし" in page
    (link,) = re.findall(r'href="(/attachments/[^"]+)"', page)
    assert person.get(link).content == PDF
    assert send(person, path).status_code == 303  # with nothing chosen, it stays
    assert link in person.get(path).text
    send(person, path, ("plan", "新しい計画.pdf", PDF + b"\n", "application/pdf"), ("budget", "予算.xlsx", office("xlsx"), XLSX))
    page = person.get(path).text
    assert link not in page
    assert "新しい計画.pdf" in page
    assert "予算.xlsx" in page
    confirm = person.get(re.sub("/pages/.*", "/confirm", path)).text
    assert "新しい計画.pdf" in confirm
    (drop,) = [unescape(one) for one in re.findall(r'name="drop" value="(plan:[^"]+)"', page)]
    send(person, path, go="", drop=[drop])
    page = person.get(path).text
    assert "新しい計画.pdf" not in page
    assert "予算.xlsx" in page
    state = "select state from intake.attachment where id = cast(:id as uuid)"
    assert clean.value(state, id=drop.partition(":")[2]) == "leaving"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("計画.pdf", JPEG, "「計画.pdf」の中身が名前と合いません"),
        ("計画.exe", PDF, "「計画.exe」の形式は受け付けていません"),
        ("計画.docx", bomb(200), "「計画.docx」を展開すると大きくなりすぎます"),
        ("計画.pdf", PDF + bytes(51 * 1024 * 1024), "1つのファイルは52428800バイトまでです"),
    ],
)
def test_a_refused_file_is_told_at_its_field_and_the_rest_is_saved(
    person: TestClient, path: str, name: str, content: bytes, says: str
) -> None:
    answer = send(person, path, ("plan", name, content, ""), ("budget", "予算.xlsx", office("xlsx"), XLSX), go="next")
    assert answer.status_code == 422
    assert 'href="#plan-file"' in answer.text
    assert says in answer.text
    assert "予算.xlsx" in answer.text
    assert "予算.xlsx" in person.get(path).text


def test_a_type_that_the_field_does_not_take_is_told_when_going_on(person: TestClient, path: str) -> None:
    answer = send(person, path, ("articles", "定款.jpg", JPEG, "image/jpeg"), go="next")
    assert answer.status_code == 422
    assert "PDFのいずれかの形式で、20 MBまでのファイルを添付してください" in answer.text


def test_what_is_no_form_and_what_is_too_large_is_refused_whole(person: TestClient, path: str) -> None:
    multipart = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"nonsense", b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\nhalf", b"--x\r\nno header\r\n\r\n"):
        assert person.post(path, content=body, headers=multipart).status_code == 400
    assert (
        person.post(path, content=b"", headers={"content-type": f"multipart/form-data; boundary={'x' * 300}"}).status_code == 400
    )
    text = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n' + b"a" * 2_000_000 + b"\r\n--x--"
    assert person.post(path, content=text, headers=multipart).status_code == 413
    assert person.post(path, content=b"", headers={**multipart, "content-length": str(10**9)}).status_code == 413


def test_a_reference_that_was_tampered_with_is_found_out(person: TestClient, clean: Site, path: str) -> None:
    send(person, path, ("plan", "計画.pdf", PDF, "application/pdf"))
    (reference,) = [unescape(one) for one in re.findall(r'name="plan" value="([^"]+)"', person.get(path).text)]
    send(person, path, plan=[reference.replace("計画.pdf", "別物.pdf")])
    answer = person.get(f"{path}?check=1")
    assert "添付し直してください" in answer.text
    for nonsense in ("{", "[]", '{"id": 5}', '"x"'):
        assert send(person, path, plan=[nonsense]).status_code == 303
    assert "plan" not in clean.value("select answers from intake.draft")
