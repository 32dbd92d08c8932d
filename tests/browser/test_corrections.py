"""From the correction asked for to the decision, in a browser: in Japanese without our scripts, in English with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import APPLICANT, OFFICIAL, Place, picture, the_decision
from tests.browser.test_accessibility import WIDTHS, runs_over, small_targets, violations
from tests.machine import quiet
from tests.site import ONE_STAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def looked_at(page: Page, name: str) -> None:
    """Nothing wrong with the page as it stands, on a desk and on a phone; and a picture of both."""
    found: dict[str, Any] = {}
    for width, pixels in WIDTHS.items():
        page.set_viewport_size({"width": pixels, "height": 900})
        picture(page, f"{name}-{width}")
        wrong = violations(page) + [f"too small to press: {target}" for target in small_targets(page)]
        if runs_over(page):
            wrong.append("the page runs out of the window")
        if wrong:
            found[width] = wrong
    page.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})
    assert not found


def a_page(context: BrowserContext, place: Place, email: str, language: str) -> Page:
    """Somebody signed in, in a language."""
    page = context.new_page()
    place.sign_in(page, email)
    page.goto(f"{place.url}/?lang={language}")
    return page


@pytest.mark.parametrize(("language", "scripts"), [("ja", False), ("en", True)])
def test_a_correction_is_asked_for_mended_and_decided(  # noqa: PLR0915 - one journey
    place: Place, browser: Browser, *, language: str, scripts: bool
) -> None:
    application = place.file(ONE_STAGE)
    case = place.case_of(application)
    locale = "ja-JP" if language == "ja" else "en-GB"
    contexts = [browser.new_context(locale=locale) for _ in range(2)]
    official, applicant = (a_page(one, place, who, language) for one, who in zip(contexts, (OFFICIAL, APPLICANT), strict=True))
    if not scripts:  # axe needs JavaScript, so it is ours that does not come
        for page in (official, applicant):
            page.route("**/*.js*", lambda route: route.abort())
    name = f"correction-{language}"

    # the official asks
    official.goto(f"{place.url}/desk/cases/{case}/correction")
    official.locator("main form button").last.click()
    assert official.locator(".notice-bad").is_visible()
    looked_at(official, f"{name}-ask")
    official.locator(".part > summary").first.click()
    official.locator("[name='says:/fee']").fill("入場料の額を確かめてください。")
    official.locator("[name='note']").fill("ご不明な点は、連絡してください。")
    official.locator("main form button").last.click()
    assert official.url == f"{place.url}/desk/cases/{case}"
    looked_at(official, f"{name}-asked-desk")
    official.goto(f"{place.url}/desk/cases/{case}/correction/change")
    looked_at(official, f"{name}-change")
    quiet(place.site)

    # the applicant sees it, asks back and mends
    applicant.goto(f"{place.url}/notices")
    assert applicant.locator(".count").inner_text().strip() != ""
    looked_at(applicant, f"{name}-notices")
    applicant.goto(f"{place.url}/applications/{application}")
    looked_at(applicant, f"{name}-asked")
    applicant.goto(f"{place.url}/applications/{application}/messages")
    applicant.locator("#text").fill("入場料は800円です。直してよいですか。")
    applicant.locator("main form button").click()
    applicant.locator("ol.timeline li").wait_for()
    looked_at(applicant, f"{name}-messages")
    applicant.goto(f"{place.url}/applications/{application}/correction")
    assert applicant.locator("[name=event]").count() == 0
    looked_at(applicant, f"{name}-page")
    applicant.locator("[name=fee]").fill("800")
    if scripts:  # the reason is asked for without a button
        applicant.locator("[name=fee]").blur()
        applicant.locator("[name=fee_reason]").wait_for(timeout=10_000)
    else:
        applicant.locator("button[value=update]").last.click()
    applicant.locator("button[value=send]").click()
    assert applicant.locator("#fee_reason-error").is_visible()
    looked_at(applicant, f"{name}-page-error")
    applicant.locator("[name=fee_reason]").fill("会場費に充てます。")
    applicant.locator("button[value=send]").click()
    assert applicant.url == f"{place.url}/applications/{application}"
    quiet(place.site)

    # the official compares, answers and decides with a document
    official.goto(f"{place.url}/desk/cases/{case}")
    assert "会場費に充てます。" in official.locator("ins").all_inner_texts()
    assert "入場料は800円です。直してよいですか。" in official.locator("ol.timeline").inner_text()
    looked_at(official, f"{name}-compared")
    official.locator("#decision-approve").check()
    official.locator("#document-title").fill("後援名義使用承認通知書")
    official.locator("#document-text").fill("後援名義の使用を承認します。")
    official.locator(f"{the_decision(case)} .button:not(.quiet-button)").click()
    quiet(place.site)

    # the applicant fetches it
    applicant.goto(f"{place.url}/applications/{application}")
    with applicant.expect_download() as download:
        applicant.locator("a[href$='.pdf']").first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    quiet(place.site)
    applicant.goto(f"{place.url}/applications/{application}")
    looked_at(applicant, f"{name}-decided")
    said = applicant.locator("ol.timeline").inner_text()
    # days are told in the reader's language; the numbers of documents are Japanese
    assert bool(re.search(r"令和\d+年\d+月", said)) == (language == "ja")
    official.goto(f"{place.url}/desk/cases/{case}")
    looked_at(official, f"{name}-decided-desk")
    for one in contexts:
        one.close()
