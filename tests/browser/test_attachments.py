"""Files from the applicant's page to the official's desk, in a browser, with and without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.conftest import APPLICANT, OFFICIAL, Place, picture
from tests.browser.test_accessibility import runs_over, small_targets, violations
from tests.files.samples import JPEG, PDF, office
from tests.machine import quiet
from tests.site import KOEN, bearer, example

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def cookies(place: Place, browser: Browser) -> dict[str, list[Any]]:
    """Who is signed in, by address."""
    found = {}
    for email in (APPLICANT, OFFICIAL):
        context = browser.new_context(java_script_enabled=False)
        place.sign_in(context.new_page(), email)
        found[email] = list(context.cookies())
        context.close()
    return found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What the applicant has on his machine."""
    contents = {"事業計画書.pdf": PDF, "差し替え.pdf": PDF + b"\n", "予算.xlsx": office("xlsx"), "写真.pdf": JPEG}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def a_draft(place: Place) -> str:
    answers = example(KOEN)["answers"]
    begun = httpx.post(f"{place.url}/v1/drafts", json={"procedure": KOEN, "answers": answers}, headers=bearer(place.key))
    return f"{place.url}/drafts/{begun.json()['id']}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def downloaded(page: Page, name: str) -> bytes:
    """What one gets by pressing a link."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    assert download.value.suggested_filename == name
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("scripts", ["without", "with"])
def test_a_file_goes_from_the_form_to_the_official(
    place: Place, browser: Browser, cookies: dict[str, list[Any]], files: dict[str, Path], scripts: str
) -> None:
    context = browser.new_context(java_script_enabled=scripts == "with", locale="ja-JP")
    context.add_cookies(cookies[APPLICANT])
    page = context.new_page()
    draft = a_draft(place)
    page.goto(f"{draft}/pages/3")
    page.get_by_role("group", name="事業計画書").locator("input[type=file]").set_input_files(files["事業計画書.pdf"])
    page.get_by_role("group", name="収支予算書").locator("input[type=file]").set_input_files(files["予算.xlsx"])
    page.wait_for_timeout(1500 if scripts == "with" else 0)  # what saves by itself lets a chosen file alone
    press(page, "保存して表示を更新")
    assert "事業計画書.pdf" in page.locator("#plan").inner_text()
    assert "ウイルス検査なし" in page.locator("#plan").inner_text()
    assert downloaded(page, "事業計画書.pdf") == PDF
    page.locator("#plan-file").set_input_files(files["差し替え.pdf"])
    page.locator("#budget button").click()
    assert "予算.xlsx" not in page.locator("#budget").inner_text()
    assert "差し替え.pdf" in page.locator("#plan").inner_text()
    press(page, "次へ")
    assert "差し替え.pdf" in page.locator("main").inner_text()
    page.locator("#electronic_notices-electronic").check()
    press(page, "提出する")
    quiet(place.site)
    application = place.site.value("select id from intake.application order by id desc limit 1")
    page.goto(f"{place.url}/applications/{application}")
    assert downloaded(page, "差し替え.pdf") == PDF + b"\n"
    context.clear_cookies()
    context.add_cookies(cookies[OFFICIAL])
    page.goto(f"{place.url}/desk/cases/{place.case_of(str(application))}")
    assert downloaded(page, "差し替え.pdf") == PDF + b"\n"
    context.close()


@pytest.mark.parametrize(("language", "width"), [("ja", 320), ("ja", 1280), ("en", 320)])
def test_the_pages_with_files_are_accessible_and_fit(  # noqa: PLR0917 - what pytest gives
    place: Place, browser: Browser, cookies: dict[str, list[Any]], files: dict[str, Path], width: int, language: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies(cookies[APPLICANT])
    page = context.new_page()
    wrong: dict[str, list[str]] = {}

    def look(name: str) -> None:
        picture(page, f"{name}-{language}-{width}")
        if found := violations(page) + small_targets(page) + (["too wide"] if runs_over(page) else []):
            wrong[name] = found

    draft = a_draft(place)
    page.goto(f"{draft}/pages/3?lang={language}")
    look("files-none")
    page.locator("#plan-file").set_input_files(files["事業計画書.pdf"])
    page.locator("#budget-file").set_input_files(files["写真.pdf"])
    page.locator("form button[value=next]").last.click()
    assert page.locator("#budget-file").get_attribute("aria-invalid") == "true"
    look("files-refused")
    page.goto(f"{draft}/pages/3")
    look("files-some")
    page.goto(f"{draft}/confirm")
    look("files-confirm")
    page.locator("#electronic_notices-electronic").check()
    page.locator("main form button").last.click()
    page.wait_for_url("**/filed")
    quiet(place.site)
    application = place.site.value("select id from intake.application order by id desc limit 1")
    page.goto(f"{place.url}/applications/{application}")
    look("files-application")
    context.clear_cookies()
    context.add_cookies(cookies[OFFICIAL])
    page.goto(f"{place.url}/desk/cases/{place.case_of(str(application))}?lang={language}")
    look("files-case")
    context.close()
    assert not wrong
