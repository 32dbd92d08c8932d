"""Every page, in both languages, on a desk and on a phone: axe-core finds nothing, and nothing runs out of the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import Session

from services.intake.drafts import trials
from services.notify.models import STATES
from shared.operation import runs, switches
from shared.operation.acts import Operator, note
from shared.procedure.files import read
from shared.workdays import today
from tests.browser.conftest import APPLICANT, OFFICIAL, OPERATOR, Place, picture, the_decision
from tests.machine import quiet
from tests.notify.operating.parts import some_messages
from tests.site import ONE_STAGE, PROCEDURES
from tests.web.conftest import secret_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CONSOLE = (
    "health",
    "queues",
    "schedules",
    "backups",
    "retention",
    "people",
    "organisations",
    "keys",
    "switches",
    "audit",
    "runbooks",
)
# The operator again, in the rooms of the console: so many pages take their time.
ROOMS = "the console"
WIDTHS = {"desktop": 1280, "phone": 320}


@dataclass
class Visit:
    """The pages a person visits: name → path."""

    pages: dict[str, str]
    cookies: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def visits(place: Place, browser: Browser) -> dict[str, Visit]:
    """All pages, by the person who visits them."""
    with place.site.session("intake") as session:
        trial = trials.publish(session, read(PROCEDURES / "dx-sodan.yaml"), days=3).id
        session.commit()
    accepted, asked = place.file("denki-yohin-todokede"), place.file(ONE_STAGE)
    staged = place.case_of(place.file("koen-meigi"))
    returned = place.file("koen-meigi", held={"from": "2020-10-06", "to": "2020-10-05"})
    links = organisation(place)
    opinions = opinions_on(place, place.case_of(accepted))
    made = {
        "": Visit(
            {
                "procedures": "/",
                "search": "/?q=後援",
                "procedure": "/procedures/koen-meigi",
                "sign-in": "/sign-in",
                "sign-in-link": "/sign-in/link?link=1&secret=1",
                "register": "/register",
                "registration": f"/register/link?{links['registration']}",
                "registration-too-late": "/register/link?link=1&secret=1",
                "invitation": f"/register/invitation?{links['invitation']}",
                "invitation-too-late": "/register/invitation?link=1&secret=1",
                "statistics": "/data",
                "verify": "/verify",
                "verify-unknown": "/verify/0",
                "not-found": "/no/such/page",
                "opinion-from-outside": f"/opinions?link={opinions[0]}&secret={secret_of(opinions[0])}",
                "opinion-too-late": "/opinions?link=1&secret=1",
                "docs": "/docs",
                "docs-intake": "/docs/intake",
            }
        ),
        APPLICANT: Visit(
            {
                "applications": "/applications",
                "application": f"/applications/{accepted}",
                "application-returned": f"/applications/{returned}",
                "application-refused": f"/applications/{asked}",
                "trial": f"/trials/{trial}",
                "withdrawal": f"/applications/{accepted}/withdrawal",
                "withdrawal-too-late": f"/applications/{asked}/withdrawal",
                "forbidden": "/desk",
                "sessions": "/sign-in/sessions",
                "preferences": "/notify/preferences",
                "organisation": "/organisation",
                "member": f"/organisation/members/{links['member']}",
                "keys": "/organisation/keys",
                "mandates": "/organisation/mandates",
                "mandate": "/organisation/mandates/new",
            }
        ),
        OFFICIAL: Visit(
            {
                "cases": "/desk",
                "inbox": "/notify/inbox",
                "untold": "/notify/inbox/untold",
                "preferences-official": "/notify/preferences",
                "overdue": "/desk/overdue?whose=groups",
                "calendar": "/desk/calendar?whose=groups",
                "calendar-list": "/desk/calendar?whose=groups&view=list",
                "board": "/desk/board",
                "cases-decided": "/desk?state=decided&whose=groups",
                "cases-narrowed": "/desk?state=all&whose=groups&procedure=koen-meigi&arrived_from=2026-01-01",
                "jobs": "/desk/jobs",
                "case": f"/desk/cases/{place.case_of(accepted)}",
                "case-decided": f"/desk/cases/{place.case_of(asked)}",
                "case-in-stages": f"/desk/cases/{staged}",
                "criteria": f"/desk/cases/{staged}/criteria",
                "proposal": f"/desk/cases/{staged}/proposal",
                "documents-to-send": "/desk/documents",
                "asked": "/desk/asked",
                "opinion": f"/desk/opinions/{opinions[1]}",
                "ask-opinion": f"/desk/cases/{place.case_of(accepted)}/opinion",
                "notes": f"/desk/cases/{place.case_of(accepted)}/notes",
                "messages": f"/desk/cases/{place.case_of(accepted)}/messages",
                "edit": f"/desk/cases/{place.case_of(accepted)}/edit",
            }
        ),
        OPERATOR: Visit({}),
        ROOMS: Visit(
            {
                "console": "/console",
                **{f"console-{room}": f"/console/{room}" for room in CONSOLE},
                "console-seals": "/console/audit?verify=true",
                "console-runbook": "/console/runbooks/dead-letters",
                "console-account": f"/console/people/{place.site.account(APPLICANT).id}",
                "console-official": f"/console/people/{place.site.account(OFFICIAL).id}",
                "dead-letters": "/console/dead-letters",
            }
        ),
    }
    for email, visit in made.items():
        context = browser.new_context()
        page = context.new_page()
        if email:
            place.sign_in(page, OPERATOR if email == ROOMS else email)
        if email == OFFICIAL:
            refuse(page, place, place.case_of(asked))
        visit.cookies = context.cookies()
        context.close()
    made[OPERATOR].pages.update(post(place))
    operated(place)
    made[ROOMS].pages["dead-letter"] = f"/console/dead-letters/{place.kill_a_letter(accepted)}"
    return made


def operated(place: Place) -> None:
    """Let operators have done something, and backups have run."""
    with Session(place.site.operator) as session:
        by = Operator(place.site.account(OPERATOR).id, "運用 太郎")
        switches.turn(session, by, "exports", on=False, reason="保存先の交換")
        note(session, by, "lookup.imported", "postal-codes", file="utf_ken_all.csv", rows=124_000)
        session.commit()
        runs.finish(session, runs.begin(session, "backup.base"), {"base": "20261126T020000Z", "bytes": 1_234_567})
        runs.finish(session, runs.begin(session, "backup.rehearsal"), {"error": "StorageError"}, failed=True)


def post(place: Place) -> dict[str, str]:
    """Make messages in every state, a recipient who is not written to, and a stopped channel; the post's pages for operators."""
    ids = some_messages(place.site, [{"state": state, "error": "451 4.7.1 later"} for state in STATES])
    unknown = ids[STATES.index("unknown")]
    place.site.run(
        "insert into notify.attempt (id, message_id, number, started_at, took_ms, server, outcome, answer) "
        "values (gen_random_uuid(), :id, 1, now(), 431, 'mail.example.go.jp', 'unknown', 'the connection broke')",
        id=unknown,
    )
    place.site.run(
        "insert into notify.suppression (recipient_hash, recipient, channel, reason, detail, message_id) "
        "values ('\\x01', 'gone@example.com', 'email', 'bounce', '5.1.1 no such user', :id)",
        id=unknown,
    )
    place.site.run("insert into notify.channel_pause (channel, paused_by, reason) values ('sms', '運用 太郎', '保守')")
    return {
        "post": "/notify/operating",
        "post-messages": "/notify/messages?channel=email",
        "post-messages-wrong": "/notify/messages?from=x",
        "post-message": f"/notify/messages/{unknown}",
        "post-steps": "/notify/messages/steps?step=resend&channel=email",
        "post-suppressions": "/notify/suppressions",
    }


def organisation(place: Place) -> dict[str, str]:
    """Make a member, a key, mandates, an invitation and a registration; the links of the last two, and the member's id."""
    mine = {"authorization": f"Bearer {place.key}"}
    with httpx.Client(base_url=place.url, timeout=20) as client:
        client.post("/v1/organisation/keys", json={"label": "会計システム"}, headers=mine).raise_for_status()
        person = {"email": "colleague@example.com", "rights": "file"}
        client.post("/v1/organisation/invitations", json=person, headers=mine).raise_for_status()
        said = {"rights": ["file", "receive"], "starts_on": "2026-04-01", "ends_on": "2029-03-31"}
        agents: list[dict[str, Any]] = [{"agent": "5010401067252", "procedures": ["koen-meigi"]}, {"agent": "a@example.com"}]
        for agent in agents:
            client.post("/v1/mandates", json=said | agent, headers=mine).raise_for_status()
        client.post("/register", data={"email": "new@example.com"}, headers={"origin": place.url}).raise_for_status()
    found = {}
    for table in ("registration", "invitation"):
        link = place.site.value(f"select id from identity.{table}")
        found[table] = f"link={link}&secret={secret_of(link)}"
    quiet(place.site)
    return found | {"member": str(place.site.account(APPLICANT).id)}


def opinions_on(place: Place, case: str) -> list[UUID]:
    """Ask for opinions on a case, from outside and of the official, and write a note that mentions him; the opinions' ids."""
    colleague = place.site.a_reviewer("kinki-bureau", email="colleague@example.go.jp", name="同僚 二郎")
    official = str(place.site.account(OFFICIAL).id)
    made = []
    with httpx.Client(base_url=place.url, timeout=20, headers={"authorization": f"Bearer {colleague}"}) as client:
        for to in ({"name": "専門 三郎", "email": "expert@example.org"}, official):
            asked = {
                "to": to,
                "question": "届出の区分は適切ですか。",
                "fields": ["name", "types"],
                "due_on": f"{today() + timedelta(9)}",
            }
            made.append(UUID(client.post(f"/v1/cases/{case}/opinions", json=asked).raise_for_status().json()["id"]))
        written = {"text": "前回の届出と比べてください。", "mentions": [official]}
        client.post(f"/v1/cases/{case}/notes", json=written).raise_for_status()
    return made


def refuse(page: Page, place: Place, case: str) -> None:
    page.goto(f"{place.url}/desk/cases/{case}")
    page.locator("#decision-refuse").check()
    page.locator("#reasons").fill("行事の内容が、後援の基準に合いません。\n収支の計画も示されていません。")
    page.locator(f"{the_decision(case)} .button:not(.quiet-button)").click()


def violations(page: Page) -> list[str]:
    """What axe-core finds, with the elements it found it at."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']]}" for one in found]


def runs_over(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def small_targets(page: Page) -> list[str]:
    """What can be pressed and is smaller than 24 px (WCAG 2.5.8), links within sentences excepted."""
    found: list[str] = page.evaluate("""
        [...document.querySelectorAll("a, button, input:not([type=hidden])")]
          .filter(one => !one.closest("p, li, dd, td") || one.matches(".button, nav a, footer a"))
          .filter(one => !one.matches(".skip, [hidden], [tabindex='-1']"))
          .filter(one => { const box = one.getBoundingClientRect(); return box.width < 24 || box.height < 24 })
          .map(one => one.outerHTML.slice(0, 120))
    """)
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("person", ["", APPLICANT, OFFICIAL, OPERATOR, ROOMS])
def test_pages_are_accessible_and_fit(
    place: Place, browser: Browser, visits: dict[str, Visit], *, person: str, language: str, width: str
) -> None:
    context = browser.new_context(viewport={"width": WIDTHS[width], "height": 900})
    context.add_cookies(visits[person].cookies)
    page = context.new_page()
    noise: list[str] = []
    page.on("console", lambda said: noise.append(said.text) if "Content Security Policy" in said.text else None)
    wrong: dict[str, Any] = {}
    for name, path in visits[person].pages.items():
        page.goto(f"{place.url}{path}{'&' if '?' in path else '?'}lang={language}")
        picture(page, f"{name}-{language}-{width}")
        found = violations(page)
        if runs_over(page):
            found.append("the page runs out of the window")
        found += [f"too small to press: {target}" for target in small_targets(page)]
        if name != "docs":  # one page in both languages
            assert page.locator("html").get_attribute("lang") == language
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if width == "desktop" and runs_over(page):
            found.append("the page runs out of the window when its text is twice as large")
        if found:
            wrong[name] = found
    context.close()
    assert not wrong
    assert not noise


def test_a_planted_fault_is_found(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 900})
    wide, small = '<p style="color:#bbb;width:900px">pale</p>', '<button style="height:9px">x</button>'
    page.set_content(f'<main><h1>x</h1><img src="x"><input>{wide}{small}')
    assert {one.split(":")[0] for one in violations(page)} >= {"image-alt", "label", "color-contrast"}
    assert runs_over(page)
    assert len(small_targets(page)) >= 1
    page.close()


def test_the_page_after_a_providers_session_is_accessible_and_leads_to_its_sign_out(place: Place, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 900}, locale="ja-JP")
    page = context.new_page()
    place.sign_in(page, APPLICANT)
    place.site.run("update identity.session set provider = 'gbizid' where seen_at = (select max(seen_at) from identity.session)")
    page.goto(f"{place.url}/")
    page.locator("form[action='/sign-out'] button").click()
    picture(page, "signed-out-ja-phone")
    assert violations(page) == []
    assert not runs_over(page)
    assert "/end?client_id=madoguchi" in str(page.locator("main a.button").get_attribute("href"))
    context.close()


@pytest.mark.parametrize(
    ("path", "press"),
    [
        ("/organisation", "form[action='/organisation/invitations'] > button"),
        ("/organisation/keys", "form[action='/organisation/keys'] > button"),
        ("/organisation/mandates/new", "form[action='/organisation/mandates'] > button"),
    ],
)
def test_an_organisations_forms_say_accessibly_what_to_mend(
    place: Place, browser: Browser, visits: dict[str, Visit], path: str, press: str
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 900})
    context.add_cookies(visits[APPLICANT].cookies)
    page = context.new_page()
    page.goto(f"{place.url}{path}?lang=ja")
    page.locator(press).click()
    picture(page, f"{path.strip('/').replace('/', '-')}-error-ja-phone")
    assert page.locator("[aria-invalid=true]").count() >= 1
    assert violations(page) == []
    page.locator(".notice-bad li a").first.click()
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    context.close()


def test_mended_forms_are_accessible_too(place: Place, browser: Browser, visits: dict[str, Visit]) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 900})
    page = context.new_page()
    page.goto(f"{place.url}/sign-in?lang=en")
    page.locator("#email").fill("nobody")
    page.locator("main button").click()
    assert page.locator("#email").get_attribute("aria-invalid") == "true"
    assert page.locator("#email").input_value() == "nobody"
    assert violations(page) == []
    context.add_cookies(visits[OFFICIAL].cookies)
    page.goto(f"{place.url}{visits[OFFICIAL].pages['case']}")
    page.locator("#reasons").fill("まだ選んでいません")
    page.locator("main form button").last.click()
    picture(page, "case-error-ja-phone")
    assert violations(page) == []
    page.locator(".notice-bad a").click()
    assert page.evaluate("document.activeElement.type") == "radio"
    context.close()
