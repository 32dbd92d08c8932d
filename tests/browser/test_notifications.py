"""How one is told, and the inbox: without scripts all of it works; with them the frame counts what is unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import APPLICANT, OFFICIAL, Place, picture
from tests.site import DENKI, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


def test_an_official_reads_his_inbox_and_says_how_he_wants_to_be_told(
    place: Place, browser: Browser, without_scripts: BrowserContext
) -> None:
    place.file(DENKI)
    page = without_scripts.new_page()
    place.sign_in(page, OFFICIAL)
    page.goto(f"{place.url}/notify/inbox")
    assert page.locator("tr.unread").count() == 1
    picture(page, "inbox")
    context = browser.new_context(storage_state=without_scripts.storage_state(), locale="ja-JP")
    lively = context.new_page()
    lively.goto(f"{place.url}/desk")
    count = lively.locator("nav.sections a[href='/notify/inbox'] .count")
    count.wait_for()
    assert count.inner_text().startswith("1")
    picture(lively, "desk-with-unread")
    context.close()
    page.locator("tr.unread a").click()
    assert "/desk/cases/" in page.url
    page.goto(f"{place.url}/notify/inbox")
    assert page.locator("tr.unread").count() == 0
    page.locator(".person a[href='/notify/preferences']").click()
    page.locator("#digest_at").fill("08:30")
    page.locator("#quiet_from").fill("22:00")
    page.locator("form.form button").click()
    picture(page, "preferences-official-error")
    assert page.locator("#quiet_to[aria-invalid=true]").count() == 1
    page.locator("#quiet_to").fill("07:00")
    page.locator("form.form button").click()
    page.locator("[role=status]").wait_for()
    assert page.locator("#digest_at").input_value() == "08:30"


def test_an_applicant_checks_his_telephone_and_refuses_electronic_notices(place: Place, without_scripts: BrowserContext) -> None:
    page = without_scripts.new_page()
    place.sign_in(page, APPLICANT)
    page.locator(".person a[href='/notify/preferences']").click()
    picture(page, "preferences-applicant")
    page.locator("#electronic-no").check()
    page.locator("#postal_address").fill("100-0013\n東京都千代田区霞が関1-3-1\n窓口 花子 様")
    page.locator("#channels-sms").check()
    page.locator("#phone").fill("090-1234-5678")
    page.locator("form.form button").click()
    page.locator("#code").fill("000000")
    picture(page, "preferences-code")
    page.locator("form[action$='/phone'] button").click()
    assert page.locator("#code[aria-invalid=true]").count() == 1
    said = eventually(
        lambda: place.site.rows("select electronic, phone, phone_asked, phone_tries from notify.preference where not electronic")
    )
    assert said == [{"electronic": False, "phone": None, "phone_asked": "+819012345678", "phone_tries": 1}]
