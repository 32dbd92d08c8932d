"""Each shipped procedure, from the filing to its decision and back to the applicant, with the people its stages ask for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader

from services.notify.wording.rendering import render
from tests.intake.parts import with_files
from tests.site import DENKI, KOEN, Site, bearer, example

HOJOKIN, KEIEI, DX = "hojokin-kofu", "keieiryoku-keikaku", "dx-sodan"


@dataclass
class Office:
    """One application, its case and the officials who work on it, over HTTP."""

    site: Site
    counter: TestClient
    desk: TestClient
    applicant: str
    officials: dict[str, str]
    application: str
    case: str

    def does(self, who: str, method: str, path: str, **body: Any) -> Any:
        """An official does something that has to work."""
        answer: httpx.Response = self.desk.request(
            method, f"/v1/cases/{self.case}{path}", json=body, headers=bearer(self.officials[who])
        )
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def goes_to_the_decision(self, **proposal: Any) -> None:
        """Through all stages but the last: criteria met, marks given, this decision proposed."""
        stages = self.desk.get(f"/v1/cases/{self.case}/stages", headers=bearer(self.officials["one"])).json()["stages"]
        definition = self.site.value(
            'select p.definition from review.procedure p join review."case" c on (p.id, p.version) = '
            "(c.procedure_id, c.procedure_version) where c.id = cast(:id as uuid)",
            id=self.case,
        )["review"]["stages"]
        unmet = set(proposal.get("criteria", ()))
        for number, stage in enumerate(definition[:-1]):
            keys = [one["key"] for one in stage.get("criteria", ())]
            if "scores" in stage:
                for who in ("one", "two"):
                    self.does(who, "PUT", "/marks", marks=dict.fromkeys(keys, 4))
            elif keys:
                judged = [
                    {
                        "criterion": key,
                        "verdict": "not-met" if key in unmet else "met",
                        "note": "確認した。",
                        "evidence": "申請書のとおり",
                    }
                    for key in keys
                ]
                self.does("one", "PUT", "/judgements", judgements=judged)
            if number == len(stages) - 2:
                self.does("one", "PUT", "/proposal", **proposal)
            self.does("one", "POST", "/pass")

    def seen(self) -> dict[str, Any]:
        """The application as its organisation sees it, once everybody has heard of everything."""
        self.site.deliver_all()
        found: dict[str, Any] = self.counter.get(f"/v1/applications/{self.application}", headers=bearer(self.applicant)).json()
        return found

    def paper(self) -> tuple[str, str]:
        """Title and text of the document that was issued, as its organisation fetches it."""
        self.seen()
        here = f"/v1/applications/{self.application}/documents"
        (one,) = self.counter.get(here, headers=bearer(self.applicant)).json()
        fetched = self.counter.get(f"{here}/{one['id']}", headers=bearer(self.applicant))
        assert fetched.status_code == 200, fetched.text
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(fetched.content)).pages)
        return one["title"], "".join(text.split())

    def mail(self) -> str:
        """The text of the newest mail to the applicant."""
        found = self.site.value("select filling from notify.message where template = 'decided' order by id desc limit 1")
        return render("decided", "ja", found | {"link": ""}).body


def office(site: Site, counter: TestClient, desk: TestClient, procedure: str) -> Office:
    """The example of a procedure, filed and at the desk of three officials."""
    kind = "ministry" if procedure == DX else "corporation"
    applicant = site.an_applicant(kind=kind)
    filing = with_files(counter, applicant, example(procedure))
    answer = counter.post("/v1/applications", json=filing, headers=bearer(applicant))
    assert answer.status_code == 202, answer.text
    site.deliver_all()
    (case,) = site.rows('select id, "group" from review."case"')
    officials = {who: site.a_reviewer(case["group"], email=f"{who}@example.go.jp", name=who) for who in ("one", "two", "head")}
    return Office(site, counter, desk, applicant, officials, str(answer.json()["id"]), str(case["id"]))


@pytest.mark.parametrize("procedure", [DENKI, DX])
def test_a_notification_is_accepted_by_one_official(clean: Site, counter: TestClient, desk: TestClient, procedure: str) -> None:
    at_work = office(clean, counter, desk, procedure)
    at_work.does("one", "POST", "/decision", decision="accept")
    assert at_work.seen()["status"] == "accepted"
    assert "受理" in at_work.mail()
    if procedure == DENKI:
        title, text = at_work.paper()
        assert title == "電気用品製造（輸入）事業届出受理通知書"
        assert "電安受第1号" in text


@pytest.mark.parametrize(("procedure", "paper"), [(KOEN, "後援名義使用承認書"), (KEIEI, "経営力向上計画認定書")])
def test_an_approval_is_proposed_by_one_and_approved_by_another(
    clean: Site, counter: TestClient, desk: TestClient, *, procedure: str, paper: str
) -> None:
    at_work = office(clean, counter, desk, procedure)
    at_work.goes_to_the_decision(decision="approve", conditions=["実施報告書を提出すること。"])
    assert at_work.seen()["status"] == "in_review"
    at_work.does("head", "POST", "/approval", proposal=1)
    application = at_work.seen()
    assert application["status"] == "approved"
    assert "- 実施報告書を提出すること。" in at_work.mail()
    of_office = """select m.office = c."group" from notify.message m, review."case" c where m.template = 'decided'"""
    assert clean.value(of_office) is True  # whose letterhead it has
    title, text = at_work.paper()
    assert title == paper
    assert "実施報告書を提出すること。" in text


def test_a_grant_is_given_in_part_with_amount_conditions_and_reasons(clean: Site, counter: TestClient, desk: TestClient) -> None:
    at_work = office(clean, counter, desk, HOJOKIN)
    at_work.goes_to_the_decision(
        decision="approve-in-part", amount=3_000_000, reasons="対象外の経費を除いたため。", conditions=["帳簿を保存すること。"]
    )
    at_work.does("head", "POST", "/approval", proposal=1)
    application = at_work.seen()
    assert application["status"] == "partly_approved"
    told = application["timeline"][-1]["detail"]
    assert (told["amount"], told["conditions"]) == (3_000_000, ["帳簿を保存すること。"])
    assert "審査請求" in told["appeal"]
    for text in ("一部認容", "交付する額：3,000,000円", "- 帳簿を保存すること。", "対象外の経費を除いたため。"):
        assert text in at_work.mail()
    title, paper = at_work.paper()
    assert title == "補助金交付決定通知書"
    for text in ("3,000,000円", "帳簿を保存すること。", "審査請求"):
        assert text in paper


def test_a_refusal_tells_reasons_criteria_and_how_to_appeal(clean: Site, counter: TestClient, desk: TestClient) -> None:
    at_work = office(clean, counter, desk, KEIEI)
    at_work.goes_to_the_decision(decision="refuse", reasons="指針に照らして適切とは認められない。", criteria=["guideline"])
    at_work.does("head", "POST", "/approval", proposal=1)
    assert at_work.seen()["status"] == "refused"
    title, paper = at_work.paper()
    assert title == "経営力向上計画不認定通知書"
    for text in ("指針に照らして適切とは認められない。", "基本方針及び事業分野別指針に照らして適切である", "審査請求"):
        assert text in at_work.mail()
        assert text in paper
