"""A correction by form, without scripts: asked for at the desk, saved, mended row by row, sent in once, compared."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shared.workdays import today
from tests.files.samples import PDF
from tests.flows import corrections as on
from tests.site import DENKI, ONE_STAGE, Site
from tests.web.test_forms import Entries
from tests.web.test_pages import APPLICANT, OFFICIAL, file, sign_in


@pytest.fixture
def key(clean: Site) -> str:
    clean.a_reviewer("public-relations", "kinki-bureau", email=OFFICIAL)
    return clean.an_applicant(APPLICANT)


@pytest.fixture
def official(counter_pages: TestClient, clean: Site, key: str) -> dict[str, str]:
    """The header of an official's session."""
    assert key
    found = sign_in(counter_pages, clean, OFFICIAL)
    counter_pages.cookies.clear()
    return found


def asked(site: Site, desk: TestClient, official: dict[str, str], case: str, **says: str) -> str:
    """Ask by form; the page of the case after it."""
    entries = {f"says:/{name.replace('__', '/')}": text for name, text in says.items()}
    form = {"due_on": on.day(14).isoformat(), "note": "よろしくお願いします。", **entries}
    answer = desk.post(f"/desk/cases/{case}/correction", data=form, headers=official)
    assert answer.status_code == 303, answer.text
    site.deliver_all()
    return str(desk.get(f"/desk/cases/{case}", headers=official).text)


def entries_of(page: str, action: str) -> dict[str, Any]:
    """What a browser would send of the page's form."""
    return dict(Entries(page, action).sent)


def test_an_official_picks_what_to_mend_and_the_applicant_finds_only_that(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    case = on.case_of(clean, application)
    form = desk_pages.get(f"/desk/cases/{case}/correction", headers=official).text
    assert f'value="{on.day(14).isoformat()}"' in form
    assert 'name="says:/fee"' in form
    assert '<details class="part">' in form  # a part of the form each, all closed
    unfit = {"due_on": "x", "says:/fee": "入場料の額を確かめてください。"}
    again = desk_pages.post(f"/desk/cases/{case}/correction", data=unfit, headers=official).text
    assert re.findall(r'<details class="part"( open)?>', again).count(" open") == 1
    assert "直すところ1件" in again
    page = asked(clean, desk_pages, official, case, fee="入場料の額を確かめてください。")
    assert "申請者が補正中" in page
    assert "期限を延ばす・補正なしで進める" in page
    assert 'name="decision"' not in page

    sign_in(counter_pages, clean, APPLICANT)
    shown = counter_pages.get(f"/applications/{application}").text
    assert "補正が必要です" in shown
    assert "入場料の額を確かめてください。" in shown
    assert re.search(r"令和\d+年\d+月\d+日", shown)
    here = f"/applications/{application}/correction"
    page = counter_pages.get(here).text
    names = set(entries_of(page, here))
    assert "fee" in names
    assert not {"event", "organiser", "venue.address", "fee_reason"} & names
    posted = {**entries_of(page, here), "fee": "８００", "go": "update"}
    assert counter_pages.post(here, data=posted).headers["location"] == here
    page = counter_pages.get(here).text
    assert 'value="800"' in page
    assert "fee_reason" in set(entries_of(page, here))  # a fee needs a reason
    wrong = counter_pages.post(here, data={**entries_of(page, here), "go": "send"})
    assert wrong.status_code == 422
    assert 'id="fee_reason-error"' in wrong.text
    assert clean.value("select count(*) from intake.revision") == 0
    posted = {**entries_of(wrong.text, here), "fee_reason": "会場費に充てます。", "event": "書き換え", "go": "send"}
    for _ in range(2):
        assert counter_pages.post(here, data=posted).status_code in {200, 303}
    clean.deliver_all()
    (revision,) = clean.rows("select answers, account_name from intake.revision")
    assert (revision["answers"]["fee"], revision["answers"]["event"] == "書き換え") == (800, False)
    shown = counter_pages.get(f"/applications/{application}").text
    assert "<del" in shown
    assert "<ins" in shown
    assert "補正の提出" in shown

    page = desk_pages.get(f"/desk/cases/{case}", headers=official).text
    assert "会場費に充てます。" in page
    assert 'name="revision" value="2"' in page
    late = {"decision": "approve", "revision": "1"}
    assert desk_pages.post(f"/desk/cases/{case}", data=late, headers=official).status_code == 409
    assert desk_pages.post(f"/desk/cases/{case}", data={**late, "revision": "2"}, headers=official).status_code == 303


def test_of_a_row_the_asked_entry_is_open_and_the_rest_is_read(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, DENKI)
    clean.deliver_all()
    case = on.case_of(clean, application)
    asked(clean, desk_pages, official, case, types__0__type="型式名を書いてください。")
    sign_in(counter_pages, clean, APPLICANT)
    here = f"/applications/{application}/correction"
    page = counter_pages.get(here).text
    entries = entries_of(page, here)
    assert [name for name in entries if re.fullmatch(r"types\.\d\.\w+", name)] == ["types.0.type"]
    assert 'value="add:types"' not in page
    answer = counter_pages.post(here, data={**entries, "types.0.type": "電気こたつ", "go": "send"})
    assert answer.headers["location"] == f"/applications/{application}"
    (revision,) = clean.rows("select answers from intake.revision")
    assert revision["answers"]["types"][0] == {"class": "wiring-devices", "type": "電気こたつ"}
    assert len(revision["answers"]["types"]) == 2


def test_rows_come_and_go_where_the_whole_list_was_asked_for(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, DENKI)
    clean.deliver_all()
    asked(clean, desk_pages, official, on.case_of(clean, application), types="型式を足してください。")
    sign_in(counter_pages, clean, APPLICANT)
    here = f"/applications/{application}/correction"
    page = counter_pages.get(here).text
    assert counter_pages.post(here, data={**entries_of(page, here), "go": "add:types"}).headers["location"] == f"{here}#types"
    page = counter_pages.get(here).text
    rows = {"types.2.class": "heaters", "types.2.type": "電気毛布"}
    saved = counter_pages.post(here, data={**entries_of(page, here), **rows, "go": "later"})
    assert saved.headers["location"] == f"{here}?saved=1"
    page = counter_pages.get(f"{here}?saved=1").text
    assert "電気毛布" in page
    assert counter_pages.post(here, data={**entries_of(page, here), "version": "1", "go": "send"}).status_code == 409
    assert counter_pages.post(here, data={**entries_of(page, here), "go": "send"}).status_code == 303
    assert len(clean.value("select answers from intake.revision")["types"]) == 3


def test_more_time_and_going_on_without_it_by_form(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    case = on.case_of(clean, application)
    refused = desk_pages.post(f"/desk/cases/{case}/correction", data={"due_on": "soon"}, headers=official)
    assert refused.status_code == 422
    refused = desk_pages.post(
        f"/desk/cases/{case}/correction", data={"due_on": today().isoformat(), "says:/fee": "x"}, headers=official
    )
    assert 'id="due_on-error"' in refused.text
    assert ">\nx</textarea>" in refused.text
    asked(clean, desk_pages, official, case, fee="x")
    change = f"/desk/cases/{case}/correction"
    assert "期限を延ばす" in desk_pages.get(f"{change}/change", headers=official).text
    assert desk_pages.post(f"{change}/extension", data={"due_on": "x"}, headers=official).status_code == 422
    later = {"due_on": on.day(30).isoformat()}
    assert desk_pages.post(f"{change}/extension", data=later, headers=official).status_code == 303
    assert desk_pages.post(f"{change}/closing", data={"note": "分かりました。"}, headers=official).status_code == 303
    assert desk_pages.post(f"{change}/closing", headers=official).status_code == 409
    clean.deliver_all()
    sign_in(counter_pages, clean, APPLICANT)
    page = counter_pages.get(f"/applications/{application}").text
    assert "分かりました。" in page
    assert "この補正は不要になりました。" in counter_pages.get(f"/applications/{application}/correction").text


def test_messages_are_written_shown_as_they_are_and_marked_as_read_by_looking(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    case = on.case_of(clean, application)
    sign_in(counter_pages, clean, APPLICANT)
    here = f"/applications/{application}/messages"
    assert counter_pages.post(here, data={"text": " "}).status_code == 422
    text = "<script>alert(1)</script>\r\n質問です。"
    sent = counter_pages.post(here, data={"text": text})
    assert sent.headers["location"].startswith(f"{here}#")
    clean.deliver_all()
    assert "まだ読まれていません" in counter_pages.get(here).text
    page = desk_pages.get(f"/desk/cases/{case}", headers=official).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n質問です。" in page
    clean.deliver_all()
    assert "まだ読まれていません" not in counter_pages.get(f"/applications/{application}").text
    assert desk_pages.post(f"/desk/cases/{case}/messages", data={"text": "回答です。"}, headers=official).status_code == 303
    clean.deliver_all()
    assert "まだ読まれていません" in desk_pages.get(f"/desk/cases/{case}/messages", headers=official).text
    assert "回答です。" in counter_pages.get(f"/applications/{application}").text
    clean.deliver_all()
    assert "まだ読まれていません" not in desk_pages.get(f"/desk/cases/{case}", headers=official).text


def test_unread_notices_are_counted_in_the_header_until_they_are_read(
    clean: Site, counter_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    assert official
    first, second = (file(counter_pages, key, ONE_STAGE) for _ in range(2))
    clean.deliver_all()
    sign_in(counter_pages, clean, APPLICANT)
    counted = r'class="count">(\d+)'
    assert re.findall(counted, counter_pages.get("/").text) == ["4"]
    counter_pages.get(f"/applications/{first}")
    page = counter_pages.get("/notices").text
    assert re.findall(counted, page) == ["2"]
    assert page.count(">新着<") == 2
    ids = re.findall(r'name="ids" value="([^"]+)"', page)
    assert counter_pages.post("/notices/read", data={"ids": ids}).headers["location"] == "/notices"
    page = counter_pages.get("/notices").text
    assert (re.findall(counted, page), f"/applications/{second}" in page) == ([], True)
    assert counter_pages.post("/notices/read", data={"ids": "x"}).status_code == 422


def test_a_document_is_looked_at_issued_with_the_decision_and_fetched_from_the_page(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    here = f"/desk/cases/{on.case_of(clean, application)}"
    paper = {"document_title": "承認通知書", "document_text": "承認します。\r\n以上"}
    looked = desk_pages.post(f"{here}/document-preview", data=paper, headers=official)
    assert (looked.status_code, looked.headers["content-type"]) == (200, "application/pdf")
    half = {"decision": "approve", "document_title": "承認通知書"}
    refused = desk_pages.post(here, data=half, headers=official)
    assert refused.status_code == 422
    assert 'id="document-text-error"' in refused.text
    assert 'value="承認通知書"' in refused.text
    assert clean.value("select count(*) from review.document") == 0
    assert desk_pages.post(here, data={"decision": "approve", **paper}, headers=official).status_code == 303
    clean.deliver_all()
    assert "まだ受け取られていません" in desk_pages.get(here, headers=official).text
    sign_in(counter_pages, clean, APPLICANT)
    page = counter_pages.get(f"/applications/{application}").text
    (link,) = re.findall(r'href="(/applications/[^"]+/documents/[^"]+\.pdf)"[^>]*>承認通知書', page)
    assert counter_pages.get(link).content.startswith(b"%PDF-")
    clean.deliver_all()
    assert "文書の受取り" in counter_pages.get(f"/applications/{application}").text
    assert "申請者による文書の受取り" in desk_pages.get(here, headers=official).text


def test_a_file_is_attached_on_the_page_of_the_correction(
    clean: Site, counter_pages: TestClient, desk_pages: TestClient, key: str, official: dict[str, str]
) -> None:
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    asked(clean, desk_pages, official, on.case_of(clean, application), plan="事業計画書を付けてください。")
    sign_in(counter_pages, clean, APPLICANT)
    here = f"/applications/{application}/correction"
    page = counter_pages.get(here).text
    assert 'enctype="multipart/form-data"' in page
    (entry,) = re.findall(r'type="file"[^>]* name="([^"]+)"|name="([^"]+)"[^>]* type="file"', page)
    name = entry[0] or entry[1]
    entries = entries_of(page, here)
    entries.pop(name, None)
    wrong = counter_pages.post(
        here, data={**entries, "go": "send"}, files={name: ("plan.exe", b"MZ", "application/x-msdownload")}
    )
    assert wrong.status_code == 422
    assert 'id="plan-error"' in wrong.text
    kept = entries_of(wrong.text, here)
    kept.pop(name, None)
    done = counter_pages.post(here, data={**kept, "go": "send"}, files={name: ("計画.pdf", PDF, "application/pdf")})
    assert done.headers["location"] == f"/applications/{application}", done.text
    clean.deliver_all()
    assert "計画.pdf" in counter_pages.get(f"/applications/{application}").text
    assert "計画.pdf" in desk_pages.get(f"/desk/cases/{on.case_of(clean, application)}", headers=official).text
