"""Filing by form: page by page, saved as one goes, confirmed, filed once; mended and copied; carried to a new version."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient

from shared.events import ProcedureRef
from shared.i18n import translate
from shared.procedure.files import procedure_files, read
from tests.site import DENKI, KOEN, PROCEDURES, Site, example
from tests.web.conftest import ask_for_link

APPLICANT = "applicant@example.com"
ADDRESS: dict[str, Any] = {
    "address.postal_code": "５３０－０００１",
    "address.prefecture": "27",
    "address.address": "大阪市北区梅田一丁目1番1号",
}
BUSINESS: dict[str, Any] = {
    "business": "import",
    "started.year": "2026",
    "started.month": "4",
    "started.day": "1",
    "late_reason": "担当者の交代により、確認が遅れました。",
    "classes": ["heaters"],
    "types.0.class": "heaters",
    "types.0.type": "電気ストーブ",
    "makers.rows": "1",
    "makers.0.name": "Example Ltd.",
    "makers.0.address": "Singapore",
}


class Entries(HTMLParser):
    """What a browser would send of the form that posts to a page."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.action, self.inside, self.sent = action, False, {}
        self.select = self.area = ""
        self.feed(page)

    sent: dict[str, list[str]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = one.get("action", self.action) == self.action and "novalidate" in one
        elif self.inside and tag == "input":
            if one.get("type") not in {"radio", "checkbox"} or "checked" in one:
                self.sent.setdefault(one["name"], []).append(one.get("value", ""))
        elif self.inside and tag == "select":
            self.select, self.sent[one["name"]] = one["name"], [""]
        elif self.inside and tag == "option" and "selected" in one:
            self.sent[self.select] = [one["value"]]
        elif self.inside and tag == "textarea":
            self.area, self.sent[one["name"]] = one["name"], [""]

    def handle_data(self, data: str) -> None:
        if self.area:
            self.sent[self.area][0] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        if tag == "form":
            self.inside = False


def send(client: TestClient, path: str, go: str = "next", **entered: Any) -> httpx.Response:
    """Fill in a page as it is shown, and press a button."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    entries: dict[str, Any] = dict(Entries(page.text, path.partition("?")[0]).sent)
    answer: httpx.Response = client.post(path, data={**entries, **entered, "go": go})
    return answer


def goes_to(answer: httpx.Response) -> str:
    assert answer.status_code == 303, re.findall(r"field-error.*", answer.text)
    return answer.headers["location"]


@pytest.fixture
def person(counter_pages: TestClient, clean: Site) -> TestClient:
    """An applicant's browser, signed in."""
    clean.an_applicant(APPLICANT)
    counter_pages.post("/sign-in/link", data=ask_for_link(counter_pages, clean, APPLICANT))
    return counter_pages


def begun(client: TestClient, procedure: str = DENKI) -> str:
    page = goes_to(client.post(f"/procedures/{procedure}/apply"))
    assert page.endswith("/pages/1")
    return page.removesuffix("/pages/1")


def filled(client: TestClient) -> str:
    draft = begun(client)
    assert goes_to(send(client, f"{draft}/pages/1", **ADDRESS)) == f"{draft}/pages/2"
    first = send(client, f"{draft}/pages/2", **BUSINESS)
    assert first.status_code == 422  # the reason and the makers were not asked for before
    assert goes_to(send(client, f"{draft}/pages/2", **BUSINESS)) == f"{draft}/confirm"
    return draft


def test_an_application_is_filed_page_by_page_and_once(person: TestClient, clean: Site) -> None:
    draft = filled(person)
    confirm = person.get(f"{draft}/confirm").text
    assert all(text in confirm for text in ("株式会社窓口電機", "〒530-0001 大阪府大阪市北区", "令和8年4月1日", "Example Ltd."))
    assert "事業開始から30日を過ぎています" in confirm
    entries = Entries(confirm, f"{draft}/confirm").sent | {"electronic_notices": ["electronic"]}
    assert goes_to(person.post(f"{draft}/confirm", data=entries)) == f"{draft}/filed"
    assert goes_to(person.post(f"{draft}/confirm", data=entries)) == f"{draft}/filed"
    assert clean.value("select count(*) from intake.application") == 1
    assert clean.value("select receipt_number from intake.application") in person.get(f"{draft}/filed").text
    assert goes_to(person.get(draft)) == f"{draft}/filed"
    wanted = example(DENKI)["answers"]
    answers = clean.value("select answers from intake.application")
    assert answers["address"] == wanted["address"]
    assert answers["types"] == [{"class": "heaters", "type": "電気ストーブ"}]
    assert answers["classes"] == ["heaters"]
    clean.deliver_all()
    assert clean.value("select state from intake.application") == "in_review"


def test_a_double_click_files_once(person: TestClient, clean: Site) -> None:
    path = f"{filled(person)}/confirm"
    entries = Entries(person.get(path).text, path).sent | {"electronic_notices": ["electronic"]}
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: person.post(path, data=entries), range(4)))
    assert {goes_to(answer) for answer in answers} == {path.replace("confirm", "filed")}
    assert clean.value("select count(*) from intake.application") == 1


def test_a_page_with_errors_is_saved_and_says_each_at_its_field(person: TestClient) -> None:
    draft = begun(person)
    page = send(
        person, f"{draft}/pages/2", **{"started.year": "2026", "started.month": "13", "started.day": "４", "business": "x"}
    )
    assert page.status_code == 422
    assert '<a href="#started-year">事業開始の年月日：実在する日付' in page.text
    assert re.search(r'id="started" aria-describedby="started-error"', page.text)
    assert re.search(r'id="started-month"[^>]*value="13" aria-invalid="true"', page.text)
    again = person.get(f"{draft}/pages/2").text
    assert re.search(r'id="started-month"[^>]*value="13"', again)
    assert "要修正" in again
    assert "実在する日付" in person.get(f"{draft}/confirm").text


def test_conditional_fields_appear_when_the_server_knows_why(person: TestClient) -> None:
    draft = begun(person)
    assert 'name="late_reason"' not in person.get(f"{draft}/pages/2").text
    entered = {"started.year": "2020", "started.month": "1", "started.day": "1", "business": "manufacture"}
    assert goes_to(send(person, f"{draft}/pages/2", "update", **entered)) == f"{draft}/pages/2"
    page = person.get(f"{draft}/pages/2").text
    assert 'name="late_reason"' in page
    assert 'name="factories.0.name"' in page
    assert 'name="makers.rows"' not in page


def test_rows_are_added_and_taken_out(person: TestClient) -> None:
    path = f"{begun(person)}/pages/2"
    assert goes_to(send(person, path, "add:types", **{"types.0.type": "甲"})) == f"{path}#types"
    send(person, path, "add:types", **{"types.1.type": "乙"})
    page = Entries(person.get(path).text, path).sent
    assert [page[f"types.{at}.type"] for at in range(3)] == [["甲"], ["乙"], [""]]
    send(person, path, "remove:types:0")
    assert Entries(person.get(path).text, path).sent["types.0.type"] == ["乙"]


def test_one_goes_on_later_from_the_list_of_drafts(person: TestClient) -> None:
    draft = begun(person)
    assert goes_to(send(person, f"{draft}/pages/1", "later", representative="<b>")) == "/drafts?saved=1"
    listed = person.get("/drafts?saved=1").text
    assert f'href="{draft}"' in listed
    page = person.get(goes_to(person.get(draft))).text
    assert 'value="&lt;b&gt;"' in page
    assert goes_to(person.post(f"{draft}/deletion")) == "/drafts"
    assert person.get(f"{draft}/pages/1").status_code == 404


def test_a_page_sent_on_an_older_version_is_shown_again_with_what_was_entered(person: TestClient) -> None:
    path = f"{begun(person)}/pages/1"
    old = Entries(person.get(path).text, path).sent
    send(person, path, "update", representative="甲")
    late = person.post(path, data={**old, "representative": "乙", "go": "next"})
    assert late.status_code == 409
    assert 'value="乙"' in late.text
    assert "まだ保存されていません" in late.text
    again = Entries(late.text, path).sent
    assert person.post(path, data={**again, "go": "later"}).status_code == 303
    assert 'value="乙"' in person.get(path).text


def test_a_draft_that_somebody_writes_is_taken_over_on_purpose(person: TestClient, clean: Site) -> None:
    path = f"{begun(person)}/pages/1"
    clean.run("update intake.draft set held_by = gen_random_uuid(), held_by_name = '同僚 太郎', held_until = now() + '5 min'")
    assert "同僚 太郎さんが編集中です" in person.get(path).text
    assert send(person, path, representative="甲").status_code == 409
    assert goes_to(person.post(path.replace("pages/1", "hold"))) == path
    assert goes_to(send(person, path, "later", representative="甲")) == "/drafts?saved=1"


def test_drafts_of_one_procedure_are_told_apart_by_what_was_entered(person: TestClient, clean: Site) -> None:
    for event in ("窓口フォーラム", "大阪の集い" + "あ" * 100, ""):
        draft = goes_to(person.post(f"/procedures/{KOEN}/apply")).partition("/pages")[0]
        send(person, f"{draft}/pages/1", "later", event=event)
    for page in (person.get("/drafts").text, person.get(f"/procedures/{KOEN}/apply").text):
        assert "窓口フォーラム" in page
        assert "大阪の集い" in page
        assert "あ" * 60 not in page
    assert clean.value("select count(*) from intake.draft") == 3


def test_drafts_of_others_are_not_there(person: TestClient, clean: Site) -> None:
    draft = begun(person)
    clean.an_applicant("other@example.com", name="他社株式会社")
    person.post("/sign-in/link", data=ask_for_link(person, clean, "other@example.com"))
    assert draft not in person.get("/drafts").text
    for path in ("", "/pages/1", "/confirm", "/filed"):
        assert person.get(f"{draft}{path}").status_code == 404
    for path in ("/pages/1", "/confirm", "/deletion", "/hold"):
        assert person.post(f"{draft}{path}", data={"go": "next"}).status_code == 404


def test_a_returned_application_is_mended_and_filed_again(person: TestClient, clean: Site) -> None:
    draft = begun(person, KOEN)
    answers = example(KOEN)["answers"] | {"held": {"from": "2020-10-06", "to": "2020-10-05"}}
    from tests.intake.parts import file

    key = clean.an_applicant("second@example.com", name="別の会社")
    person.post("/sign-in/link", data=ask_for_link(person, clean, "second@example.com"))
    filed = file(person, key, {"procedure": KOEN, "answers": answers}).json()
    clean.deliver_all()
    page = person.get(f"/applications/{filed['id']}").text
    assert "直して出し直す" in page
    assert draft
    place = goes_to(person.post(f"/procedures/{KOEN}/apply", data={"copy_of": filed["id"]}))
    page = person.get(place).text
    assert "直すところ：終了日が開始日より前です" in page
    assert re.search(r'id="held-from-year"[^>]*value="2020"', page)
    days = {
        f"held.{end}.{part}": text for end in ("from", "to") for part, text in (("year", "2099"), ("month", "10"), ("day", "5"))
    }
    assert goes_to(send(person, place, **days)).endswith("/pages/2")
    assert "直すところ" not in person.get(place).text


def test_a_new_version_carries_a_draft_over_and_says_what_changed(person: TestClient, clean: Site) -> None:
    draft = begun(person)
    send(person, f"{draft}/pages/1", "later", representative="花子")
    clean.run("""
      insert into intake.procedure (id, version, definition, digest)
      select id, version + 1, jsonb_set(jsonb_set(definition, '{form,0,fields,2,key}', '"chief"'),
        '{form,0,fields,2,label}', '{"ja": "責任者", "en": "Chief"}'), '\\x00'
      from intake.procedure where id = 'denki-yohin-todokede'
    """)
    try:
        person.app.state.catalogue._good_until = 0  # type: ignore[attr-defined]
        page = person.get(f"{draft}/pages/1").text
        assert "この手続が変わりました" in page
        assert "増えた項目：責任者" in page
        assert "なくなった項目：代表者の氏名" in page
        send(person, f"{draft}/pages/1", "later")
        assert "この手続が変わりました" not in person.get(f"{draft}/pages/1").text
        assert clean.value("select procedure_version from intake.draft") == 2
        assert clean.value("select answers from intake.draft") == {"name": "株式会社窓口電機"}
    finally:
        clean.run("truncate intake.draft")
        clean.run("delete from intake.procedure where version > 1")


def test_contact_and_strangers(person: TestClient, clean: Site) -> None:
    draft = filled(person)
    confirm = person.get(f"{draft}/confirm").text
    entries = Entries(confirm, f"{draft}/confirm").sent
    wrong = person.post(f"{draft}/confirm", data={**entries, "contact-email": "x"})
    assert wrong.status_code == 422
    assert 'href="#contact-email"' in wrong.text
    assert 'href="#electronic_notices-electronic"' in wrong.text
    assert 'id="electronic_notices-error"' in wrong.text  # nobody is taken to want them electronically (デジタル手続法7条1項)
    assert 'aria-describedby="contact-email-error"' in wrong.text
    entries = Entries(wrong.text, f"{draft}/confirm").sent
    assert "electronic_notices" not in entries
    said = {**entries, "contact-email": "b@example.com", "electronic_notices": "post"}
    assert goes_to(person.post(f"{draft}/confirm", data=said)) == f"{draft}/filed"
    contact = clean.value("select contact from intake.application")
    assert contact["email"] == "b@example.com"
    assert (contact["notices"]["electronic"], contact["notices"]["how"]) == (False, "form")
    application = clean.value("select id from intake.application")
    page = person.get(f"/applications/{application}").text
    assert "書面で郵送" in page
    assert "申請の画面で回答" in page
    person.cookies.clear()
    assert person.get(f"/procedures/{DENKI}/apply").headers["location"].startswith("/sign-in?next=")
    assert UUID(draft.removeprefix("/drafts/"))


@pytest.mark.parametrize("path", procedure_files(PROCEDURES), ids=lambda path: path.stem)
def test_every_answer_of_a_shipped_example_comes_back_from_the_form_as_it_was(path: Path) -> None:
    from services.intake.catalogue.procedures import Published
    from services.intake.forms.reading import read_page
    from shared.procedure.form_errors import to_file

    published = Published(ProcedureRef(id=path.stem, version=1), read(path))
    filed = to_file(published, example(path.stem)["answers"])
    came: dict[str, Any] = {}
    for number, page in enumerate(published.procedure.form, 1):
        shown = drawn(published, number, filed)
        came |= {key: answer for key, answer in read_page(page, Entries(shown, "").sent).items() if answer is not None}
    assert to_file(published, came) == filed


def drawn(published: Any, number: int, answers: dict[str, Any]) -> str:
    """The inputs of a page, as the templates draw them."""
    from services.intake.drafts.views import _pages
    from services.intake.forms.shown import WORDS
    from services.intake.forms.view import shown_page

    fields = shown_page(published, number, answers, "ja")
    template = _pages._environment.from_string(
        '{% import "fields.html" as form with context %}<form novalidate action="">'
        "{% for field in fields %}{{ form.field(field) }}{% endfor %}</form>"
    )
    return template.render(fields=fields, _=translate_ja, **WORDS)


def translate_ja(text: str, /, **values: Any) -> str:
    return translate(text, "ja", **values)
