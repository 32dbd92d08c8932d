"""経営力向上計画 filed by hand: rows and totals, saved as one goes, the connection lost, resumed elsewhere, withdrawn."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import APPLICANT, Place, picture
from tests.browser.test_forms import press
from tests.machine import quiet
from tests.site import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
PROCEDURE = "keieiryoku-keikaku"
LOCALES = {"ja": "ja-JP", "en": "en-GB"}
NEXT = {"ja": "次へ", "en": "Next"}
ADD = {"ja": "行を追加する", "en": "Add a row"}
FUNDS = [("省エネ設備の更新", "コンプレッサー", "loan", 12_000), ("人材の育成", "研修", "own", 800)]
EQUIPMENT = [("2027-05", "machinery", "コンプレッサー A-1", 6_000, 2), ("2027-06", "software", "生産管理 B", 1_500, 1)]
TOTALS = {"funds_total": "12,800", "machinery_total": "12,000", "software_total": "1,500", "equipment_total": "13,500"}


@pytest.fixture(scope="module")
def cookies(place: Place, browser: Browser) -> list[Any]:
    """The cookies of an applicant; links by mail are few an hour."""
    context = browser.new_context()
    place.sign_in(context.new_page(), APPLICANT)
    found: list[Any] = context.cookies()
    context.close()
    return found


def window(browser: Browser, cookies: list[Any], language: str, *, scripts: bool, width: int = 1280) -> BrowserContext:
    """A window of somebody who is signed in."""
    context = browser.new_context(java_script_enabled=scripts, locale=LOCALES[language], viewport={"width": width, "height": 900})
    context.add_cookies(cookies)
    return context


def day(page: Page, field: str, when: date) -> None:
    for part, number in (("year", when.year), ("month", when.month), ("day", when.day)):
        page.locator(f"#{field}-{part}").fill(str(number))


def applicant(page: Page, _language: str) -> None:
    page.locator("#representative-family").fill("窓口")
    page.locator("#representative-given").fill("太郎")
    page.locator("#representative-family_kana").fill("マドグチ")
    page.locator("#representative-given_kana").fill("タロウ")
    page.locator("#address-prefecture").select_option("27")
    page.locator("#address-address").fill("大阪市北区梅田一丁目1番1号")
    page.locator("#capital").fill("１０,０００,０００")
    page.locator("#employees").fill("42")
    day(page, "founded", date(1989, 1, 8))


def time_and_field(page: Page, _language: str) -> None:
    page.locator("#industry-code").fill("24")
    page.locator("#industry-title").fill("金属製品製造業")
    page.locator("#starts").fill("2027-04")
    page.locator("#years-3").check()


def standing(page: Page, _language: str) -> None:
    for field in ("overview", "market", "state", "problems"):
        page.locator(f"#{field}").fill("金属部品の切削加工。\n自動車部品が売上の7割。")


def aim(page: Page, _language: str) -> None:
    page.locator("#indicator").select_option("productivity")
    page.locator("#current").fill("5000")
    page.locator("#target").fill("5200")


def measures(page: Page, language: str) -> None:
    for index, matter in enumerate(("設備の更新", "人材の育成")):
        if index:
            page.locator("#measures").get_by_role("button", name=ADD[language]).click()
        page.locator(f"#measures-{index}-matter").fill(matter)
        page.locator(f"#measures-{index}-how").fill("古い設備を入れ替え、段取りの時間を半分にする。")
        page.locator(f"#measures-{index}-stage-new").check()


def money(page: Page, language: str) -> None:
    for index, (matter, use, source, amount) in enumerate(FUNDS):
        page.locator("#funds").get_by_role("button", name=ADD[language]).click()
        row = f"#funds-{index}"
        page.locator(f"{row}-matter").fill(matter)
        page.locator(f"{row}-use").fill(use)
        page.locator(f"{row}-source").select_option(source)
        page.locator(f"{row}-amount").fill(str(amount))
    for index, (month, kind, model, price, count) in enumerate(EQUIPMENT):
        page.locator("#equipment").get_by_role("button", name=ADD[language]).click()
        row = f"#equipment-{index}"
        page.locator(f"{row}-acquired").fill(month)
        page.locator(f"{row}-support").select_option("tax-credit")
        page.locator(f"{row}-kind").select_option(kind)
        page.locator(f"{row}-model").fill(model)
        page.locator(f"{row}-place").fill("大阪市北区")
        page.locator(f"{row}-price").fill(str(price))
        page.locator(f"{row}-count").fill(str(count))


PAGES = (applicant, time_and_field, standing, aim, measures, money)


def computed(page: Page, field: str) -> str:
    """A computed value as the page shows it."""
    shown: str = page.locator(f"[data-item='{field}'] p").last.inner_text()
    return shown


def withdraw(page: Page, language: str) -> None:
    page.get_by_role("link", name={"ja": "この申請を取り下げる", "en": "Withdraw this application"}[language]).click()
    picture(page, f"withdrawal-{language}")
    page.locator("main form button").first.click()


@pytest.mark.parametrize("scripts", [False, True], ids=["without-scripts", "with-scripts"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_it_is_filed_with_rows_and_totals_and_withdrawn(
    place: Place, browser: Browser, cookies: list[Any], language: str, *, scripts: bool
) -> None:
    context = window(browser, cookies, language, scripts=scripts)
    page = context.new_page()
    page.goto(f"{place.url}/procedures/{PROCEDURE}/apply")
    page.locator("main form button").first.click()
    for number, enter in enumerate(PAGES, 1):
        assert page.url.endswith(f"/pages/{number}")
        enter(page, language)
        if enter is money:
            if scripts:
                page.locator("#funds-0-matter").focus()
                eventually(lambda: computed(page, "equipment_total") == TOTALS["equipment_total"], within=10)
            else:
                press(page, {"ja": "保存して表示を更新", "en": "Save and update the page"}[language])
            assert {field: computed(page, field) for field in TOTALS} == TOTALS
            assert [computed(page, f"equipment.{index}.amount") for index in (0, 1)] == ["12,000", "1,500"]
            picture(page, f"keieiryoku-totals-{language}-{scripts}")
        press(page, NEXT[language])
    assert page.url.endswith("/confirm"), page.locator("main").inner_text()
    shown = page.locator("main").inner_text()
    assert all(total in shown for total in TOTALS.values())
    page.locator("#electronic_notices-electronic").check()
    press(page, {"ja": "提出する", "en": "File this application"}[language])
    page.get_by_role("link", name={"ja": "申請の状況を見る", "en": "See how it stands"}[language]).click()
    quiet(place.site)
    page.reload()
    application = page.url.rsplit("/", 1)[1]
    stored = place.site.value("select answers from intake.application where id = cast(:id as uuid)", id=application)
    assert (stored["equipment_total"], stored["funds_total"], len(stored["measures"])) == (13_500, 12_800, 2)
    assert stored["capital"] == 10_000_000
    withdraw(page, language)
    quiet(place.site)
    state = place.site.value("select state from intake.application where id = cast(:id as uuid)", id=application)
    assert state == "withdrawn"
    context.close()


def test_what_was_entered_outlives_the_connection_and_is_resumed_elsewhere(
    place: Place, browser: Browser, cookies: list[Any]
) -> None:
    one = window(browser, cookies, "ja", scripts=True)
    page = one.new_page()
    page.goto(f"{place.url}/procedures/{PROCEDURE}/apply")
    press(page, "新しく申請を始める")
    applicant(page, "ja")
    live = page.get_by_role("status")
    eventually(lambda: live.inner_text() == "保存しました", within=10)
    one.set_offline(True)
    page.locator("#telephone").fill("06-6345-0001")
    eventually(lambda: "接続" in live.inner_text(), within=10)
    picture(page, "form-offline")
    page.locator("#employees").fill("43")
    one.set_offline(False)
    eventually(lambda: live.inner_text() == "保存しました", within=20)
    one.set_offline(True)

    other = window(browser, cookies, "ja", scripts=False, width=320)
    page = other.new_page()
    page.goto(f"{place.url}/drafts")
    page.get_by_role("link", name="経営力向上計画に係る認定申請").first.click()
    entered = {field: page.locator(f"#{field}").input_value() for field in ("telephone", "employees", "capital")}
    assert entered == {"telephone": "06-6345-0001", "employees": "43", "capital": "10000000"}
    assert page.locator("#founded-year").input_value() == "1989"
    one.close()
    other.close()


def test_items_come_and_go_while_one_writes(place: Place, browser: Browser, cookies: list[Any]) -> None:
    context = window(browser, cookies, "ja", scripts=True)
    page = context.new_page()
    page.goto(f"{place.url}/procedures/{PROCEDURE}/apply")
    press(page, "新しく申請を始める")
    page.goto(page.url.replace("/pages/1", "/pages/4"))
    page.locator("#indicator").select_option("guideline")
    page.locator("#indicator_name").wait_for(timeout=10_000)
    page.locator("#indicator_name").fill("付加価値額")
    page.locator("#current").fill("100")
    page.locator("#target").press_sequentially("103", delay=250)  # it goes on while earlier entries are saved
    eventually(lambda: computed(page, "growth") == "3.0%", within=10)
    assert page.locator("#target").input_value() == "103"
    assert page.evaluate("document.activeElement.id") == "target"
    page.locator("#indicator").select_option("productivity")
    page.locator("#indicator_name").wait_for(state="detached", timeout=10_000)
    press(page, "次へ")  # right after a change: the button waits for what is being saved
    assert page.url.endswith("/pages/5")
    context.close()


def test_a_draft_that_somebody_else_changed_is_not_written_over(place: Place, browser: Browser, cookies: list[Any]) -> None:
    context = window(browser, cookies, "ja", scripts=True)
    first, second = context.new_page(), context.new_page()
    first.goto(f"{place.url}/procedures/{PROCEDURE}/apply")
    press(first, "新しく申請を始める")
    second.goto(first.url)
    first.locator("#employees").fill("7")
    eventually(lambda: first.get_by_role("status").inner_text() == "保存しました", within=10)
    second.locator("#employees").fill("8")
    eventually(lambda: "保存できません" in second.get_by_role("status").inner_text(), within=10)
    press(second, "次へ")
    assert second.locator("#employees").input_value() == "8", "what was entered is still there"
    assert "変更" in second.locator(".notice-bad").inner_text()
    context.close()
