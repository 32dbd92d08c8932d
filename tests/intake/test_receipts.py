"""The receipt: the same for good, in both languages, as JSON and as a PDF that carries its font."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.intake.applications import receipts
from shared.few import Few
from shared.pdf import ONE_AT_A_TIME
from tests.intake.parts import APPLICATIONS
from tests.site import DENKI, KOEN, Site, bearer, eventually, example


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def filed(counter: TestClient, key: str, procedure: str, **answered: Any) -> tuple[dict[str, Any], bytes]:
    """The answer to a filing, and the bytes that were sent."""
    filing = example(procedure)
    filing["answers"] |= answered
    body = json.dumps(filing).encode()
    answer = counter.post(APPLICATIONS, content=body, headers=bearer(key))
    assert answer.status_code == 202, answer.text
    return answer.json(), body


def receipt(counter: TestClient, key: str, application_id: str, query: str = "", **headers: str) -> httpx.Response:
    answer: httpx.Response = counter.get(f"{APPLICATIONS}/{application_id}/receipt{query}", headers={**bearer(key), **headers})
    return answer


@pytest.mark.parametrize(("language", "eras"), [("ja", ["令和", "（20"]), ("en", [" 20", "JST"])])
def test_it_says_what_was_filed_when_and_the_digest_of_what_was_sent(
    counter: TestClient, key: str, *, language: str, eras: list[str]
) -> None:
    given, body = filed(counter, key, DENKI)
    said = receipt(counter, key, given["id"], **{"accept-language": language}).json()
    assert said["receipt_number"] == given["receipt_number"]
    assert datetime.fromisoformat(said["filed_at"]) == datetime.fromisoformat(given["filed_at"])
    assert all(part in said["filed_at_text"] for part in eras)
    assert said["sha256"] == hashlib.sha256(body).hexdigest()
    assert (said["procedure"]["id"], said["procedure"]["version"]) == (DENKI, 1)
    assert said["applicant"]["name"] == "株式会社窓口電機"
    groups = [entry for section in said["filed"] for entry in section["entries"] if entry["rows"]]
    assert all(len(row) == len(entry["headers"]) for entry in groups for row in entry["rows"])


def test_it_stays_the_same_while_the_application_moves(clean: Site, counter: TestClient, key: str) -> None:
    given, _ = filed(counter, key, KOEN)
    before = [receipt(counter, key, given["id"]).content, receipt(counter, key, given["id"], "?format=pdf").content]
    clean.deliver_all()
    assert [receipt(counter, key, given["id"]).content, receipt(counter, key, given["id"], "?format=pdf").content] == before


def test_the_pdf_carries_its_font_and_is_given_to_keep(counter: TestClient, key: str) -> None:
    given, _ = filed(counter, key, DENKI)
    answer = receipt(counter, key, given["id"], accept="application/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{given["receipt_number"]}.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert b"/FontFile" in answer.content
    assert len(answer.content) < 500_000


def test_answers_of_any_length_and_script_fit(counter: TestClient, key: str) -> None:
    given, _ = filed(counter, key, KOEN, purpose="あ" * 2000)
    other, _ = filed(counter, key, DENKI, representative="髙﨑 𠮷乃 😀 \u200f العربية")
    for one in (given, other):
        answer = receipt(counter, key, one["id"], "?format=pdf", **{"accept-language": "en"})
        assert answer.status_code == 200
        assert answer.content.rstrip().endswith(b"%%EOF")


def test_the_applications_page_leads_to_it(counter: TestClient, key: str) -> None:
    given, _ = filed(counter, key, KOEN)
    path = f"/applications/{given['id']}"
    headers = {**bearer(key), "accept": "text/html"}
    assert f'href="{path}/receipt.pdf"' in counter.get(path, headers=headers).text
    assert counter.get(f"{path}/receipt.pdf", headers=headers).content.startswith(b"%PDF-")


def test_who_asks_for_many_holds_up_nobody_else(counter: TestClient, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, _ = filed(counter, key, KOEN)
    monkeypatch.setattr(receipts, "_WAITING", few := Few(1))

    def one() -> int:
        return receipt(counter, key, given["id"], "?format=pdf").status_code

    with ThreadPoolExecutor(1) as hands:
        with ONE_AT_A_TIME:  # another is being drawn
            waits = hands.submit(one)
            eventually(lambda: few._places._value == 0)
            assert counter.app.state.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # FastAPI's state
            assert one() == 503
        assert waits.result() == 200
    assert one() == 200


def test_another_organisation_gets_none(clean: Site, counter: TestClient, key: str) -> None:
    given, _ = filed(counter, key, KOEN)
    other = clean.an_applicant("b@example.com", name="乙")
    assert receipt(counter, other, given["id"]).status_code == 404
    assert receipt(counter, "mdg_wrong", given["id"]).status_code == 401
    assert receipt(counter, key, given["id"], "?format=doc").status_code == 422
