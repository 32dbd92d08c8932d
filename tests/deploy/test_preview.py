"""The preview: a form live in the browser while its file is edited, by the counter's own rules, with no database at all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from deploy.preview.app import create_app
from tests.deploy.running import MADOGUCHI
from tests.site import DENKI, KOEN, PROCEDURES, eventually
from tests.web.test_forms import Entries

ADDRESS = "http://127.0.0.1:8123"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for path in (PROCEDURES / "offices.yaml", PROCEDURES / f"{KOEN}.yaml", PROCEDURES / f"{KOEN}.example.json"):
        shutil.copy(path, tmp_path)
    shutil.copytree(PROCEDURES / "documents", tmp_path / "documents")
    return tmp_path / f"{KOEN}.yaml"


@pytest.fixture
def shown(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The preview, in a process that knows the address of no database."""
    for name in [name for name in os.environ if name.startswith("MADOGUCHI_")]:
        monkeypatch.delenv(name)
    with TestClient(create_app(file, ADDRESS), base_url=ADDRESS, headers={"origin": ADDRESS}) as client:
        yield client


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def send(client: TestClient, number: int, go: str = "update", **entered: Any) -> httpx.Response:
    """Fill in a page as it is shown, and press a button; where it leads."""
    page = client.get(f"/pages/{number}").text
    sent = Entries(page, f"/pages/{number}").sent | entered | {"go": go}
    answer: httpx.Response = client.post(f"/pages/{number}", data=sent)
    return answer


def test_the_form_follows_the_file_and_keeps_what_was_entered(file: Path, shown: TestClient) -> None:
    page = send(shown, 1, event="窓口フォーラム", fee="500").text
    assert 'value="窓口フォーラム"' in page
    assert "入場料を要する理由" in page  # a condition: there is a fee
    before = shown.get("/version").text
    edit(file, "ja: 行事名", "ja: 催しの名前")
    edit(file, "show: 'fee > 0'", "show: 'fee > 1000'")
    assert shown.get("/version").text != before
    page = shown.get("/pages/1").text
    assert "催しの名前" in page
    assert 'value="窓口フォーラム"' in page
    assert "入場料を要する理由" not in page


def test_mistakes_stand_beside_the_form_with_their_lines_and_the_form_stays(file: Path, shown: TestClient) -> None:
    shown.get("/pages/1")
    edit(file, "held.to < held.from", "held.to < hold.from")
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "hold.from" in text)
    for address in ("/pages/1", "/panel?shown=old"):
        page = shown.get(address, headers={"accept-language": "en"}).text
        assert f"Line {line}" in page
        assert "there is no field or function hold" in page
        assert "holdという項目や関数はありません" in shown.get(address, headers={"accept-language": "ja"}).text
    assert "行事名" in shown.get("/pages/1").text
    edit(file, "hold.from", "held.from")
    assert "Line" not in shown.get("/pages/1", headers={"accept-language": "en"}).text


def test_a_file_that_is_no_form_yet_is_shown_as_soon_as_it_is_one(file: Path, shown: TestClient) -> None:
    whole = file.read_text(encoding="utf-8")
    file.write_text("procedure: [", encoding="utf-8")
    page = shown.get("/pages/1", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "cannot be shown as a form yet" in page.text
    file.write_text(whole, encoding="utf-8")
    assert "行事名" in shown.get("/pages/1").text


def test_an_answer_whose_field_changed_its_type_is_dropped_and_the_others_stay(file: Path, shown: TestClient) -> None:
    send(shown, 1, event="窓口フォーラム", visitors="300")
    edit(file, "{key: visitors, type: integer,", "{key: visitors, type: text,")
    edit(file, ", max: 10000000, required: true}", ", required: true}")
    page = shown.get("/pages/1").text
    assert 'value="300"' not in page
    assert 'value="窓口フォーラム"' in page


def test_it_judges_as_the_counter_does_and_says_where_it_would_go(file: Path, shown: TestClient) -> None:
    assert send(shown, 1, "next", event="").url.path == "/pages/1"
    assert "行事名" in shown.get("/pages/1?check=1").text
    shown.post("/answers", data={"with": "example"})
    page = shown.get("/confirm", headers={"accept-language": "en"}).text
    assert "The format check would let this pass." in page
    assert "大臣官房広報室" in page
    edit(file, "when: 'held.to < held.from'", "when: 'visitors > 1'")
    assert "形式確認を通る" not in shown.get("/confirm", headers={"accept-language": "ja"}).text
    shown.post("/answers", data={"with": "nothing"})
    assert 'value="窓口' not in shown.get("/pages/1").text


def test_rows_are_added_and_taken_out_and_values_computed(tmp_path: Path) -> None:
    for path in (PROCEDURES / "offices.yaml", PROCEDURES / "hojokin-kofu.yaml"):
        shutil.copy(path, tmp_path)
    shutil.copytree(PROCEDURES / "documents", tmp_path / "documents")
    with TestClient(create_app(tmp_path / "hojokin-kofu.yaml", ADDRESS), base_url=ADDRESS, headers={"origin": ADDRESS}) as client:
        page = send(client, 3, "add:costs", **{"costs.0.cost": "1000000", "costs.0.eligible": "900000"}).text
        assert 'name="costs.1.cost"' in page
        assert "600,000" in page  # two thirds of what is eligible
        assert 'name="costs.1.cost"' not in send(client, 3, "remove:costs:1").text


@pytest.mark.parametrize("path", sorted(PROCEDURES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_page_of_what_is_shipped_is_shown_in_both_languages(path: Path) -> None:
    if path.stem == "offices":
        return
    with TestClient(create_app(path, ADDRESS), base_url=ADDRESS, headers={"origin": ADDRESS}) as client:
        client.post("/answers", data={"with": "example"})
        for language in ("ja", "en"):
            client.headers["accept-language"] = language
            pages = re.findall(r'<li[^>]*><a href="(/pages/\d+|/confirm)"', client.get("/pages/1").text)
            assert len(pages) > 2
            for page in pages:
                assert client.get(f"{page}?check=1").status_code == 200


def test_no_other_site_can_ask_it_for_anything(shown: TestClient) -> None:
    assert shown.get("/pages/1", headers={"host": "evil.example"}).status_code == 421
    assert shown.post("/pages/1", data={"go": "next"}, headers={"origin": "http://evil.example"}).status_code == 403


def test_the_command_shows_the_form_until_it_is_ended() -> None:
    file = PROCEDURES / f"{DENKI}.yaml"
    assert subprocess.run([*MADOGUCHI, "procedure", "preview", "nowhere.yaml"], capture_output=True, check=False).returncode == 1
    with subprocess.Popen([*MADOGUCHI, "procedure", "preview", str(file)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found

            def answer() -> str:
                try:
                    return httpx.get(f"{found[0]}/pages/1", timeout=5).text
                except httpx.TransportError:
                    return ""

            assert "電気用品" in eventually(answer)
        finally:
            process.terminate()
