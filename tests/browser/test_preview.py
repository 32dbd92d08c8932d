"""The preview in a browser: it follows the file, keeps what was typed, and is accessible, with and without scripts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import picture
from tests.browser.test_accessibility import runs_over, violations
from tests.deploy.running import MADOGUCHI
from tests.site import KOEN, PROCEDURES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for path in (PROCEDURES / "offices.yaml", PROCEDURES / f"{KOEN}.yaml", PROCEDURES / f"{KOEN}.example.json"):
        shutil.copy(path, tmp_path)
    shutil.copytree(PROCEDURES / "documents", tmp_path / "documents")
    return tmp_path / f"{KOEN}.yaml"


@pytest.fixture
def address(file: Path) -> Iterator[str]:
    command = [*MADOGUCHI, "procedure", "preview", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http"))
        process.terminate()


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("width", [1280, 320])
def test_a_form_follows_its_file_and_keeps_what_is_being_typed(browser: Browser, address: str, file: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP")
    page = context.new_page()
    for _ in range(50):
        try:
            page.goto(f"{address}/")
            break
        except Exception:  # noqa: BLE001 - it is still starting
            page.wait_for_timeout(200)
    page.locator("#event").fill("窓口フォーラム")
    page.locator("#fee").fill("500")
    page.locator("#fee_reason").wait_for()  # conditions hold at once, as at the counter
    page.locator("#organiser").fill("窓口協会")  # not taken in yet
    edit(file, "ja: 行事名", "ja: 催しの名前")
    page.get_by_label("催しの名前").wait_for()
    assert page.locator("#event").input_value() == "窓口フォーラム"
    assert page.locator("#organiser").input_value() == "窓口協会"
    edit(file, "held.to < held.from", "held.to < hold.from")
    page.get_by_text("holdという項目や関数はありません").wait_for()
    assert violations(page) == []
    assert not runs_over(page)
    picture(page, f"preview-{width}")
    page.goto(f"{address}/confirm")
    assert violations(page) == []
    context.close()


def test_without_scripts_the_mistakes_are_shown_live_and_the_button_shows_the_form_anew(
    without_scripts: BrowserContext, address: str, file: Path
) -> None:
    page = without_scripts.new_page()
    for _ in range(50):
        try:
            page.goto(f"{address}/")
            break
        except Exception:  # noqa: BLE001 - it is still starting
            page.wait_for_timeout(200)
    page.locator("#event").fill("窓口フォーラム")
    edit(file, "held.to < held.from", "held.to < hold.from")
    page.frame_locator("iframe").get_by_text("holdという項目や関数はありません").wait_for()
    edit(file, "hold.from", "held.from")
    edit(file, "ja: 行事名", "ja: 催しの名前")
    page.locator("button[value=update]").click()
    page.get_by_label("催しの名前").wait_for()
    assert page.locator("#event").input_value() == "窓口フォーラム"
    picture(page, "preview-without-scripts")
