"""Journeys through the pages in a browser without JavaScript: what people do works with links, forms and mails alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.web.callers import COOKIE
from tests.browser.conftest import APPLICANT, OFFICIAL, OPERATOR, Place
from tests.machine import quiet
from tests.site import ONE_STAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser


def test_the_cookie_is_bound_to_this_host_even_on_plain_http_of_a_developers_machine(
    place: Place, without_scripts: BrowserContext
) -> None:
    place.sign_in(without_scripts.new_page(), APPLICANT)
    (cookie,) = (one for one in without_scripts.cookies() if one["name"] == COOKIE)
    assert place.url.startswith("http://127.0.0.1:")
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")


def test_an_official_decides_and_the_applicant_reads_the_reasons(place: Place, without_scripts: BrowserContext) -> None:
    application = place.file(ONE_STAGE)
    page = without_scripts.new_page()
    place.sign_in(page, OFFICIAL)
    assert page.url == f"{place.url}/desk"
    number = place.site.value("select arrival_number from intake.application where id = cast(:id as uuid)", id=application)
    page.get_by_role("link", name=number).click()
    page.get_by_label("承認しない").check()
    page.get_by_role("button", name="決定を記録する").click()
    assert "理由を書いてください" in page.locator("#reasons-error").inner_text()
    assert page.get_by_label("承認しない").is_checked()
    page.get_by_label("理由", exact=True).fill("後援の基準に合いません。")
    page.get_by_role("button", name="決定を記録する").click()
    assert "不承認" in page.locator("main .badge").first.inner_text()
    page.get_by_role("button", name="サインアウト").click()
    quiet(place.site)

    place.sign_in(page, APPLICANT)
    assert page.url == f"{place.url}/"
    page.get_by_role("link", name="申請状況").click()
    page.goto(f"{place.url}/applications/{application}")
    text = page.locator("main").inner_text()
    assert "後援の基準に合いません。" in text
    assert "審査請求をすることができます" in text


def test_a_page_that_needs_a_sign_in_is_where_one_arrives_after_it(place: Place, without_scripts: BrowserContext) -> None:
    page = without_scripts.new_page()
    place.mailbox.empty()
    page.goto(f"{place.url}/console/dead-letters")
    assert "/sign-in?next=" in page.url
    page.locator("#email").fill(OPERATOR)
    page.locator("main button").click()
    quiet(place.site)
    link = place.mailbox.to(OPERATOR)[0]["text"].split("http", 1)[1].split()[0]
    page.goto(f"http{link}")
    page.locator("main button").click()
    assert page.url == f"{place.url}/console/dead-letters"


def test_the_console_tells_how_the_services_are_and_replays(place: Place, without_scripts: BrowserContext) -> None:
    event = place.kill_a_letter(place.file("denki-yohin-todokede"))
    page = without_scripts.new_page()
    place.sign_in(page, OPERATOR)
    page.goto(f"{place.url}/console/health")
    services = page.get_by_role("table", name="サービスと処理").inner_text()
    assert all(name in services for name in ("intake", "review", "notify", "opendata"))
    page.goto(f"{place.url}/console/dead-letters/{event}")
    page.get_by_role("button", name="notify.tell").click()
    assert "1件を再び配信します" in page.get_by_role("status").inner_text()
    assert (
        place.site.value(
            "select state from bus.delivery where event_id = cast(:id as uuid) and subscriber = 'notify.tell'", id=event
        )
        != "dead"
    )


def test_everything_is_reached_by_keyboard(place: Place, browser: Browser) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(place.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(width.removesuffix("px")) >= 2
    context.close()
