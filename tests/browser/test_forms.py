"""Filing by form in a browser without JavaScript: in both languages, left and resumed elsewhere, returned and mended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.conftest import APPLICANT, Place, picture
from tests.browser.test_accessibility import runs_over, small_targets, violations
from tests.intake.parts import with_files
from tests.machine import quiet
from tests.site import example

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
DENKI = "denki-yohin-todokede"
WORDS = {
    "ja": {
        "locale": "ja-JP",
        "apply": "オンラインで申請する",
        "begin": "新しく申請を始める",
        "next": "次へ",
        "later": "保存して、あとで続ける",
        "import": "輸入",
        "heaters": "電熱器具",
        "file": "提出する",
        "filed": "提出しました。",
        "title": "電気用品製造（輸入）事業届出",
    },
    "en": {
        "locale": "en-GB",
        "apply": "Apply online",
        "begin": "Begin a new application",
        "next": "Next",
        "later": "Save and go on later",
        "import": "Import",
        "heaters": "Heating appliances",
        "file": "File this application",
        "filed": "Your application is filed.",
        "title": "Notification of manufacturing or importing electrical appliances",
    },
}


@pytest.fixture(scope="module")
def signed_in(place: Place, browser: Browser) -> list[Any]:
    """The cookies of an applicant; links by mail are few an hour."""
    context = browser.new_context(java_script_enabled=False)
    place.sign_in(context.new_page(), APPLICANT)
    cookies: list[Any] = context.cookies()
    context.close()
    return cookies


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def first_page(page: Page, words: dict[str, str]) -> None:
    page.locator("#address-postal_code").fill("530-0001")
    page.locator("#address-prefecture").select_option("27")
    page.locator("#address-address").fill("大阪市北区梅田一丁目1番1号")
    press(page, words["next"])


def second_page(page: Page, words: dict[str, str]) -> None:
    page.get_by_label(words["import"], exact=True).check()
    day = date(2026, 11, 20)
    for part, number in (("year", day.year), ("month", day.month), ("day", day.day)):
        page.locator(f"#started-{part}").fill(str(number))
    page.get_by_role("checkbox", name=words["heaters"]).check()
    page.locator("#types-0-class").select_option("heaters")
    page.locator("#types-0-type").fill("電気ストーブ 100V 800W")
    press(page, words["next"])
    page.locator("#makers-0-name").fill("Example Ltd.")
    page.locator("#makers-0-address").fill("1 Harbour Road, Singapore")
    press(page, words["next"])


@pytest.mark.parametrize("language", ["ja", "en"])
def test_denki_is_filed_left_in_the_middle_and_resumed_elsewhere(
    place: Place, browser: Browser, signed_in: list[Any], language: str
) -> None:
    words = WORDS[language]
    before = place.site.value("select count(*) from intake.application")
    one = browser.new_context(java_script_enabled=False, locale=words["locale"])
    one.add_cookies(signed_in)
    page = one.new_page()
    page.goto(f"{place.url}/procedures/{DENKI}")
    page.get_by_role("link", name=words["apply"]).click()
    press(page, words["begin"])
    assert page.locator("#name").input_value() == "株式会社窓口電機"
    first_page(page, words)
    page.locator("#started-year").fill("2026")
    press(page, words["later"])
    assert page.url.endswith("/drafts?saved=1")
    one.close()

    other = browser.new_context(java_script_enabled=False, locale=words["locale"], viewport={"width": 320, "height": 900})
    other.add_cookies(signed_in)
    page = other.new_page()
    page.goto(f"{place.url}/drafts")
    page.get_by_role("link", name=words["title"]).click()
    assert page.locator("#started-year").input_value() == "2026"
    second_page(page, words)
    assert page.url.endswith("/confirm")
    assert "大阪市北区" in page.locator("main").inner_text()
    page.locator("#electronic_notices-electronic").check()
    press(page, words["file"])
    assert words["filed"] in page.get_by_role("status").inner_text()
    assert place.site.value("select count(*) from intake.application") == before + 1
    other.close()


def test_one_is_returned_mends_and_files_again(place: Place, without_scripts: BrowserContext, signed_in: list[Any]) -> None:
    returned = place.file("koen-meigi", held={"from": "2020-10-06", "to": "2020-10-05"})
    without_scripts.add_cookies(signed_in)
    page = without_scripts.new_page()
    page.goto(f"{place.url}/applications/{returned}")
    press(page, "直して出し直す")
    assert "直すところ" in page.locator("#held").inner_text()
    later = date(2026, 12, 31) + timedelta(days=90)
    for end in ("from", "to"):
        for part, number in (("year", later.year), ("month", later.month), ("day", later.day)):
            page.locator(f"#held-{end}-{part}").fill(str(number))
    while "/pages/" in page.url:
        press(page, "次へ")
    page.locator("#electronic_notices-electronic").check()
    press(page, "提出する")
    page.get_by_role("link", name="申請の状況を見る").click()
    quiet(place.site)
    page.reload()
    assert "審査中" in page.locator("main .badge").first.inner_text()


@pytest.mark.parametrize("width", [1280, 320])
def test_the_forms_pages_are_accessible_and_fit(place: Place, browser: Browser, signed_in: list[Any], width: int) -> None:
    returned = place.file("koen-meigi", held={"from": "2020-10-06", "to": "2020-10-05"})
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP")
    context.add_cookies(signed_in)
    page = context.new_page()
    wrong: dict[str, list[str]] = {}

    def look(name: str) -> None:
        for language in ("en", "ja"):
            page.goto(page.url.partition("?")[0].partition("#")[0] + f"?check=1&saved=1&lang={language}")
            look_here(f"{name}-{language}")

    def look_here(name: str) -> None:
        picture(page, f"{name}-{width}")
        found = violations(page) + [f"too small to press: {one}" for one in small_targets(page)]
        if runs_over(page):
            found.append("the page runs out of the window")
        if found:
            wrong[name] = found

    page.goto(f"{place.url}/procedures/{DENKI}/apply")
    look("apply")
    press(page, "新しく申請を始める")
    look("form-first")
    first_page(page, WORDS["ja"])
    look("form-second")
    press(page, "次へ")
    assert page.locator("#started-year").get_attribute("aria-invalid") == "true"
    look_here("form-errors")
    page.locator(".notice-bad a").first.click()
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    page.locator("#types").get_by_role("button", name="行を追加する").click()
    look("form-rows")
    page.goto(f"{page.url.partition('/pages')[0]}/confirm")
    look("confirm-errors")
    page.locator(".notice-bad a").first.click()
    second_page(page, WORDS["ja"])
    look("confirm")
    page.locator("#electronic_notices-electronic").check()
    press(page, "提出する")
    look("filed")
    page.goto(f"{place.url}/applications/{returned}")
    press(page, "直して出し直す")
    look("form-mend")
    page.goto(f"{place.url}/drafts")
    look("drafts")
    context.close()
    assert not wrong


@pytest.mark.parametrize("procedure", ["keieiryoku-keikaku", "hojokin-kofu", "koen-meigi"])
def test_every_page_of_a_shipped_form_is_accessible_and_fits_a_phone(
    place: Place, browser: Browser, signed_in: list[Any], procedure: str
) -> None:
    headers = {"authorization": f"Bearer {place.key}"}
    with httpx.Client(base_url=place.url) as client:
        answers = with_files(client, place.key, example(procedure))["answers"]
    begun = httpx.post(f"{place.url}/v1/drafts", json={"procedure": procedure, "answers": answers}, headers=headers)
    assert begun.status_code == 201, begun.text
    context = browser.new_context(viewport={"width": 320, "height": 900}, locale="ja-JP")
    context.add_cookies(signed_in)
    page = context.new_page()
    wrong: dict[str, list[str]] = {}
    page.goto(f"{place.url}/drafts/{begun.json()['id']}/pages/1")
    while "/pages/" in page.url:
        picture(page, f"{procedure}-{page.url[-1]}")
        found = violations(page) + small_targets(page) + (["too wide"] if runs_over(page) else [])
        if found:
            wrong[page.url] = found
        press(page, "次へ")
    assert not wrong
    assert page.locator(".notice-bad").count() == 0
    page.locator("#electronic_notices-electronic").check()
    press(page, "提出する")
    assert "提出しました。" in page.get_by_role("status").inner_text()
    context.close()
