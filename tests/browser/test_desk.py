"""Each shipped procedure in a browser: through its stages to the document that the applicant fetches and anybody verifies."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pypdf import PdfReader

from tests.browser.conftest import Place, picture, the_decision
from tests.intake.parts import with_files
from tests.machine import quiet
from tests.site import DENKI, KOEN, bearer, eventually, example

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

KEIEI, HOJOKIN, DX = "keieiryoku-keikaku", "hojokin-kofu", "dx-sodan"


class Office:
    """The officials of one case, each in a window of his own, and the applicant."""

    def __init__(self, place: Place, browser: Browser, procedure: str, tag: str) -> None:
        self.place = place
        self.applicant = f"applicant-{tag}@example.com"
        kind = "ministry" if procedure == DX else "corporation"
        key = place.site.an_applicant(self.applicant, kind=kind, name=f"窓口電機 {tag}")
        with httpx.Client(base_url=place.url, timeout=20) as client:
            filing = with_files(client, key, example(procedure))
            answer = client.post("/v1/applications", json=filing, headers=bearer(key))
        assert answer.status_code == 202, answer.text
        quiet(place.site)
        self.application = str(answer.json()["id"])
        self.case = place.case_of(self.application)
        group = place.site.value('select "group" from review."case" where id = cast(:id as uuid)', id=self.case)
        self.contexts: list[BrowserContext] = []
        self.pages: dict[str, Page] = {}
        for who in ("one", "two", "head"):
            email = f"{who}-{tag}@example.go.jp"
            place.site.a_reviewer(group, email=email, name=who)
            self.pages[who] = self._window(browser, email)
        self.pages["applicant"] = self._window(browser, self.applicant)

    def _window(self, browser: Browser, email: str) -> Page:
        context = browser.new_context(locale="ja-JP", java_script_enabled=False, accept_downloads=True)
        self.contexts.append(context)
        page = context.new_page()
        self.place.sign_in(page, email)
        return page

    def at(self, who: str, path: str = "") -> Page:
        """Somebody at a page of the case."""
        page = self.pages[who]
        page.goto(f"{self.place.url}/desk/cases/{self.case}{path}")
        return page

    def judges(self, who: str, unmet: str = "") -> None:
        """All criteria of the stage are met, but perhaps one."""
        page = self.at(who, "/criteria")
        for group in page.locator("fieldset.group").all():
            key = (group.locator("input[type=radio]").first.get_attribute("name") or "").removeprefix("verdict-")
            group.locator(f"input[value={'not-met' if key == unmet else 'met'}]").check()
            group.locator(f"#note-{key}").fill("確認した。")
            if group.locator(f"#evidence-{key}").count():
                group.locator(f"#evidence-{key}").fill("申請書のとおり。")
        page.get_by_role("button", name="記録する").click()
        assert page.url.endswith(self.case)

    def marks(self, who: str) -> None:
        """Marks for every criterion of the stage."""
        page = self.at(who, "/criteria")
        for one in page.locator("input[name^=mark-]").all():
            one.fill("4")
        page.get_by_role("button", name="記録する").click()
        assert page.url.endswith(self.case)

    def proposes(self, who: str, decision: str, **entries: str) -> None:
        """A decision is proposed."""
        page = self.at(who, "/proposal")
        page.locator(f"#decision-{decision}").check()
        for name, text in entries.items():
            if name == "criteria":
                page.locator(f"#criteria-{text}").check()
            else:
                page.locator(f"#{name}").fill(text)
        page.get_by_role("button", name="起案する").click()
        assert page.url.endswith(self.case)

    def passes_on(self, who: str) -> None:
        """The case goes to the next stage."""
        self.at(who).get_by_role("button", name="次の段階に進める").click()

    def approves(self, name: str) -> None:
        """The head finds the case as his turn, looks at it and approves what is proposed."""
        page = self.pages["head"]
        page.goto(f"{self.place.url}/desk?whose=turn")
        page.locator(f"a[href='/desk/cases/{self.case}']").first.click()
        picture(page, f"desk-{name}-to-approve")
        page.get_by_role("button", name=re.compile("承認する（決裁）")).click()
        assert page.get_by_role("button", name=re.compile("承認する（決裁）")).count() == 0
        quiet(self.place.site)

    def paper(self, name: str) -> tuple[str, bytes]:
        """The text of the document that the applicant fetches, and its bytes."""
        page = self.pages["applicant"]

        def there() -> bool:
            page.goto(f"{self.place.url}/applications/{self.application}")
            return bool(page.locator("main a[href$='.pdf'][href*='/documents/']").count())

        eventually(there, within=60, every=1)
        picture(page, f"desk-{name}-decided")
        with page.expect_download() as download:
            page.locator("main a[href$='.pdf'][href*='/documents/']").first.click()
        content = Path(download.value.path()).read_bytes()
        text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages)
        return "".join(text.split()), content

    def close(self) -> None:
        """All windows are closed."""
        for one in self.contexts:
            one.close()


def verified(place: Place, page: Page, content: bytes) -> str:
    """What the public page says of a file."""
    page.goto(f"{place.url}/verify")
    file: Any = {"name": "document.pdf", "mimeType": "application/pdf", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)
    page.locator("form:has(input[type=file]) button").first.click()
    return str(page.locator("main").inner_text())


def test_a_notification_is_accepted(place: Place, browser: Browser) -> None:
    office = Office(place, browser, DENKI, "denki")
    page = office.at("one")
    page.locator("#decision-accept").check()
    page.locator(f"{the_decision(office.case)} .button:not(.quiet-button)").click()
    quiet(place.site)
    text, _ = office.paper("denki")
    assert "電気用品製造（輸入）事業届出受理通知書" in text
    office.close()


def test_a_division_is_answered(place: Place, browser: Browser) -> None:
    office = Office(place, browser, DX, "dx")
    page = office.at("two")
    page.locator("#decision-accept").check()
    page.locator(f"{the_decision(office.case)} .button:not(.quiet-button)").click()
    quiet(place.site)
    page = office.pages["applicant"]
    page.goto(f"{place.url}/applications/{office.application}")
    assert "受理" in page.locator("main .badge").first.inner_text()
    office.close()


def test_a_plan_is_certified_and_its_certificate_verified(place: Place, browser: Browser) -> None:
    office = Office(place, browser, KEIEI, "keiei")
    office.judges("one")
    picture(office.at("one"), "desk-keiei-judged")
    office.passes_on("one")
    office.judges("two")
    office.proposes("two", "approve")
    office.passes_on("two")
    office.approves("keiei")
    text, content = office.paper("keiei")
    assert "経営力向上計画認定書" in text
    page = office.pages["applicant"]
    true = verified(place, page, content)
    picture(page, "verify-true")
    false = verified(place, page, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    picture(page, "verify-false")
    assert "経営力向上計画認定書" in true
    assert "経営力向上計画認定書" not in false
    office.close()


def test_a_grant_is_cut(place: Place, browser: Browser) -> None:
    office = Office(place, browser, HOJOKIN, "hojokin")
    office.judges("one")
    office.passes_on("one")
    office.marks("one")
    office.marks("two")
    office.proposes("two", "approve-in-part", amount="5,000,000", reasons="対象外の経費を除いたため。")
    office.passes_on("two")
    office.approves("hojokin")
    text, _ = office.paper("hojokin")
    for said in ("補助金交付決定通知書", "5,000,000円", "対象外の経費を除いたため。"):
        assert said in text
    office.close()


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_the_use_of_the_name_is_approved_or_refused(place: Place, browser: Browser, decision: str) -> None:
    office = Office(place, browser, KOEN, decision)
    office.judges("one", unmet="no_profit" if decision == "refuse" else "")
    reasons: dict[str, str] = {"reasons": "営利を主たる目的とするため。", "criteria": "no_profit"} if decision == "refuse" else {}
    office.proposes("one", decision, **reasons)
    office.passes_on("one")
    office.approves(f"koen-{decision}")
    text, _ = office.paper(f"koen-{decision}")
    if decision == "approve":
        assert "後援名義使用承認書" in text
        assert "速やかに実施報告書を提出すること" in text
    else:
        for said in ("後援名義使用不承認通知書", "営利を主たる目的とするため。", "審査請求"):
            assert said in text
    office.close()
