"""A browser, and a whole site behind one address with people and applications to look at."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.identity.forger import forging
from tests.machine import BUS_QUEUES, DESK_QUEUES, Machine, Mailbox, quiet
from tests.site import Site, eventually, example

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = os.environ.get("MADOGUCHI_CHROMIUM", "/usr/bin/chromium")
APPLICANT, OFFICIAL, OPERATOR = "applicant@example.com", "official@example.go.jp", "operator@example.go.jp"
_LINK = re.compile(r"https?://\S+/sign-in/link\S+")
# Where to leave pictures of the pages, for people to look at.
PICTURES = os.environ.get("MADOGUCHI_PICTURES")


@dataclass
class Place:
    """A running site, who can sign in, and what was filed."""

    url: str
    site: Site
    mailbox: Mailbox
    key: str

    def file(self, procedure: str, **changes: Any) -> str:
        """File a procedure's example with some answers changed; the application's id, once all have heard of it."""
        filing = example(procedure)
        filing["answers"] |= changes
        headers = {"authorization": f"Bearer {self.key}"}
        answer = httpx.post(f"{self.url}/v1/applications", json=filing, headers=headers, timeout=20)
        assert answer.status_code == 202, answer.text
        quiet(self.site)
        return str(answer.json()["id"])

    def case_of(self, application: str) -> str:
        """The id of an application's case."""
        return str(self.site.value('select id from review."case" where application_id = cast(:id as uuid)', id=application))

    def kill_a_letter(self, application: str) -> str:
        """Make the delivery of an application's arrival to the post a dead one; the event's id."""
        event = "select id from bus.event where subject = :subject and type = 'application.arrived.v1'"
        self.site.run(
            f"update bus.delivery set state = 'dead', attempts = 8, error = 'KeyError: mobile' "
            f"where event_id = ({event}) and subscriber = 'notify.tell'",
            subject=application,
        )
        return str(self.site.value(event, subject=application))

    def sign_in(self, page: Page, email: str) -> None:
        """Sign in as people do: ask for a link, open it from the mail, press the button."""
        self.mailbox.empty()
        page.goto(f"{self.url}/sign-in")
        page.locator("#email").fill(email)
        page.locator("main button").click()

        def links() -> list[str]:  # other mails may come meanwhile, such as of a document
            return [link[0] for mail in self.mailbox.to(email) if (link := _LINK.search(mail["text"]))]

        (link,) = eventually(links, within=30)
        page.goto(link)
        page.locator("main button").click()
        page.locator("form[action='/sign-out']").wait_for()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    from playwright.sync_api import sync_playwright

    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield made
        made.close()


@pytest.fixture(scope="module")
def place(site: Site, machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The site, empty but for its people."""
    site.empty()
    with forging() as provider:
        secret = tmp_path_factory.mktemp("provider") / "secret"
        secret.write_text("s" * 40, encoding="utf-8")
        known = {"id": "gbizid", "title": "GビズID", "issuer": provider.issuer, "client_id": "madoguchi", "rules": "gbizid"}
        machine.settings["MADOGUCHI_SIGN_IN_PROVIDERS"] = json.dumps([known | {"secret_file": str(secret)}])
        yield _place(site, machine)


def _place(site: Site, machine: Machine) -> Place:
    url = machine.web()
    machine.settings["MADOGUCHI_BASE_URL"] = url
    mailbox = machine.mailbox()
    from services.notify.models import QUEUES

    machine.worker(*BUS_QUEUES, *QUEUES.values(), *DESK_QUEUES)
    machine.beat()  # a replayed delivery is rung for by the sweeper
    key = site.an_applicant(APPLICANT)
    site.a_reviewer("kinki-bureau", "public-relations", email=OFFICIAL)
    site.an_operator()
    return Place(url, site, mailbox, key)


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[BrowserContext]:
    """A browser window in which no JavaScript runs."""
    context = browser.new_context(java_script_enabled=False, locale="ja-JP")
    yield context
    context.close()


def the_decision(case: str) -> str:
    """The form on the page of a case that decides it, where one stage suffices."""
    return f"form[action='/desk/cases/{case}']"


def picture(page: Page, name: str) -> None:
    """Leave a picture of the page, where somebody asked for pictures."""
    if PICTURES:
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
