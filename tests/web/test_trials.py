"""A trial on the pages: from the address that a division gives, to what a real application would have become."""

from __future__ import annotations

import json

from fastapi.testclient import TestClient

from tests.intake.test_trials import others, tried
from tests.site import KOEN, Site, example
from tests.web.conftest import ask_for_link


def test_on_the_pages_it_is_marked_everywhere(clean: Site, counter_pages: TestClient) -> None:
    clean.an_applicant()
    page = counter_pages
    page.post("/sign-in/link", data=ask_for_link(page, clean, "applicant@example.com"))
    trial = tried(clean)
    before = others(clean)
    assert "これは試行です" in page.get(f"/trials/{trial}").text
    address = page.post(f"/trials/{trial}").headers["location"]
    assert "これは試行です" in page.get(address).text
    draft = address.split("/")[2]
    clean.run("update intake.draft set answers = cast(:answers as jsonb)", answers=json.dumps(example(KOEN)["answers"]))
    assert "試行</span>" in page.get("/drafts").text
    confirm = page.get(f"/drafts/{draft}/confirm").text
    assert "これは試行です" in confirm
    assert "試行として提出する" in confirm
    version = clean.value("select version from intake.draft")
    contact = {
        "contact-name": "窓口 花子",
        "contact-email": "a@example.com",
        "contact-language": "ja",
        "electronic_notices": "post",
    }
    contact["version"] = version
    assert page.post(f"/drafts/{draft}/confirm", data=contact).headers["location"] == f"/drafts/{draft}/filed"
    assert page.get(f"/drafts/{draft}/filed").headers["location"] == f"/trials/filings/{draft}"
    shown = page.get(f"/trials/filings/{draft}").text
    assert "これは試行です" in shown
    assert "大臣官房広報室" in shown
    assert "TEST-" not in page.get("/applications").text
    again = page.post(f"/trials/{trial}", data={"copy_of": draft}).headers["location"]
    assert example(KOEN)["answers"]["event"] in page.get(again).text
    assert others(clean) == before
