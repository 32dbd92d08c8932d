"""An operator edits the text of a message in a browser without scripts; the next mail says what he wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OPERATOR, Place, picture
from tests.browser.test_accessibility import runs_over, small_targets, violations
from tests.site import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
ARRIVED = "/notify/templates/arrived"
BODY = """# 到達しました

((name)) 様

> 受付番号：((receipt_number))

- ((procedure))

[申請を見る](((link)))
"""


def test_an_operator_writes_a_text_sees_it_and_the_next_mail_is_made_of_it(place: Place, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = context.new_page()
    place.sign_in(page, OPERATOR)
    page.goto(f"{place.url}/notify/letterheads/edit")
    page.locator("#footer").fill("経済産業省 総務課\n03-0000-0000")
    page.locator("form.form button").click()
    page.goto(f"{place.url}/notify/templates?lang=ja")
    page.locator(f"a[href='{ARRIVED}']").click()
    page.locator("#body").fill("((nobody))")
    page.locator("button[value=save]").click()
    assert "nobody" in page.locator("[role=alert]").inner_text()
    page.locator("#subject").fill("【到達】((arrival_number))")
    page.locator("#body").fill(BODY)
    page.locator("button[value=preview]").click()
    assert "受付番号：R20261125-0000123" in page.locator("pre").inner_text()
    picture(page, "text-preview")
    with context.expect_page() as opened:
        page.locator("button[value=mail]").click()
    mail = opened.value
    mail.wait_for_load_state()
    assert mail.locator("blockquote").inner_text() == "受付番号：R20261125-0000123"
    assert mail.locator("a").get_attribute("href") == "https://madoguchi.example/applications/1"
    picture(mail, "mail")
    mail.close()
    page.locator("button[value=save]").click()
    assert page.locator("[role=status]").is_visible()
    place.mailbox.empty()
    place.file("denki-yohin-todokede")
    (sent,) = eventually(lambda: [one for one in place.mailbox.mails() if "【到達】" in one["subject"]], within=30)
    assert sent["text"].startswith("到達しました\n")
    assert sent["text"].endswith("\n\n経済産業省 総務課\n03-0000-0000\n")
    context.close()


def test_the_pages_of_texts_are_for_everybody(place: Place, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    place.sign_in(page, OPERATOR)
    page.goto(f"{place.url}{ARRIVED}?language=en")
    page.locator("#body").fill("((name)) ((receipt_number))\n")
    page.locator("button[value=save]").click()
    page.locator("button[value=preview]").click()
    wrong = []
    for name, path in {
        "texts": "/notify/templates",
        "text": ARRIVED,
        "text-sms": f"{ARRIVED}?channel=sms",
        "versions": f"{ARRIVED}/versions?language=en",
        "letterheads": "/notify/letterheads",
        "letterhead": "/notify/letterheads/edit?group=grants",
    }.items():
        for width, language in ((320, "ja"), (1280, "en")):
            page.set_viewport_size({"width": width, "height": 900})
            answer = page.goto(f"{place.url}{path}{'&' if '?' in path else '?'}lang={language}")
            assert answer is not None
            assert answer.status == 200, path
            picture(page, f"{name}-{width}")
            found = [*violations(page), *small_targets(page), *(["runs over"] if runs_over(page) else [])]
            wrong += [(name, width, one) for one in found]
    context.close()
    assert wrong == []
