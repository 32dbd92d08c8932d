"""Pages: their language, their rights, their errors, and a decision by form."""

from __future__ import annotations

import json
import re
from importlib import import_module
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from shared.web.pages import prefers_html
from shared.web.static import asset
from tests.site import ONE_STAGE, PROCEDURES, Site, example
from tests.web.conftest import ADDRESS, ask_for_link

APPLICANT, OFFICIAL = "applicant@example.com", "official@example.go.jp"


def file(client: TestClient, key: str, procedure: str) -> str:
    filing = example(procedure)
    answer = client.post("/v1/applications", json=filing, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def sign_in(client: TestClient, site: Site, email: str) -> dict[str, str]:
    """Sign in at the counter; the header that carries the session to the other applications."""
    client.post("/sign-in/link", data=ask_for_link(client, site, email))
    return {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


@pytest.fixture
def filed(counter_pages: TestClient, clean: Site) -> str:
    """An application to decide on, with an official to do it."""
    key = clean.an_applicant(APPLICANT)
    clean.a_reviewer("public-relations", email=OFFICIAL)
    application = file(counter_pages, key, ONE_STAGE)
    clean.deliver_all()
    return application


def case_of(site: Site, application: str) -> UUID:
    found = site.value('select id from review."case" where application_id = cast(:id as uuid)', id=application)
    assert isinstance(found, UUID)
    return found


# languages


def test_japanese_comes_first(counter_pages: TestClient) -> None:
    page = counter_pages.get("/")
    assert '<html lang="ja">' in page.text
    assert page.headers["content-language"] == "ja"
    assert "手続一覧" in page.text


def test_the_browsers_language_is_heeded_and_a_choice_remembered(counter_pages: TestClient) -> None:
    assert "Procedures" in counter_pages.get("/", headers={"accept-language": "en-GB,en;q=0.9,ja;q=0.5"}).text
    assert "Procedures" in counter_pages.get("/?lang=en").text
    assert '<html lang="en">' in counter_pages.get("/procedures/koen-meigi", headers={"accept-language": "ja"}).text
    assert '<html lang="ja">' in counter_pages.get("/?lang=ja").text


def test_an_unknown_language_is_passed_over(counter_pages: TestClient) -> None:
    page = counter_pages.get('/?lang="><script>')
    assert '<html lang="ja">' in page.text
    assert "<script>" not in page.text
    assert "set-cookie" not in page.headers


# errors


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("*/*", False),
        ("", False),
        (None, False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.1, */*;q=0.5", False),
        ("text/html;q=x", False),
        ("application/problem+json", False),
    ],
)
def test_who_prefers_html(accept: str | None, *, html: bool) -> None:
    assert prefers_html(accept) is html


def test_an_error_is_a_page_for_browsers_and_a_problem_for_programs(counter_pages: TestClient) -> None:
    page = counter_pages.get("/v1/procedures/none")
    problem = counter_pages.get("/v1/procedures/none", headers={"accept": "application/json"})
    assert page.status_code == problem.status_code == 404
    assert problem.headers["content-type"] == "application/problem+json"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert problem.json()["title"] in page.text
    assert problem.json()["detail"] in page.text


def test_field_errors_are_said_in_the_callers_language(counter_pages: TestClient, clean: Site) -> None:
    headers = {"authorization": f"Bearer {clean.an_applicant()}", "accept": "application/json"}
    body = {"procedure": 1, "contact": {"email": "x", "more": True}}
    wanted = {
        "/procedure": "文字列で書いてください",
        "/answers": "必ず入力してください",
        "/contact/more": "取り除いてください。ここにはない項目です",
    }
    answer = counter_pages.post("/v1/applications", json=body, headers=headers)
    said = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert wanted.items() <= said.items()
    english = counter_pages.get("/v1/applications?limit=0", headers=headers | {"accept-language": "en"}).json()
    assert english["errors"] == [{"pointer": "query:/limit", "detail": "Write a number of 1 or more"}]


def test_a_method_that_is_not_taken_is_said_in_the_callers_language(counter_pages: TestClient) -> None:
    answer = counter_pages.delete("/v1/procedures")
    assert answer.status_code == 405
    assert "このメソッドは使えません" in answer.text


def test_an_unforeseen_error_is_a_page_with_its_trace_and_nothing_else(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.intake.app import create_app
    from services.intake.catalogue import pages

    assert clean.broker_url
    monkeypatch.setattr(pages, "_outline", lambda *_: 1 / 0)
    with TestClient(create_app(), base_url=ADDRESS, raise_server_exceptions=False) as client:
        page = client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 500
    assert re.search(r"トレース番号 <code>[0-9a-f]{32}</code>", page.text)
    assert "ZeroDivisionError" not in page.text
    assert page.headers["traceparent"][3:35] in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_form_that_is_too_large_is_refused(counter_pages: TestClient) -> None:
    page = counter_pages.post("/sign-in", data={"email": "x" * 1_100_000})
    assert page.status_code == 413
    assert "1048576バイト以内" in page.text


def test_a_database_that_is_away_is_said_on_a_page(
    counter_pages: TestClient, clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.web import visitors

    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(visitors, "identify", away)
    page = counter_pages.get("/applications")
    assert page.status_code == 503
    assert page.headers["retry-after"] == "5"
    assert "一時的に利用できません" in page.text
    assert clean.value("select 1") == 1


# static files


def test_the_style_sheet_may_be_kept_for_good_at_its_own_address_only(counter_pages: TestClient) -> None:
    assert asset("pages.css") in counter_pages.get("/").text
    kept = counter_pages.get(asset("pages.css"))
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" not in counter_pages.get("/static/pages.css?v=old").headers["cache-control"]
    assert counter_pages.get("/static/..%2Fpages.py").status_code == 404


def test_a_page_loads_nothing_from_elsewhere_and_styles_nothing_inside(counter_pages: TestClient) -> None:
    page = counter_pages.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert all(part not in page.text for part in ("style=", "<style", "<script", "onclick", "//cdn"))


# the counter


def test_a_procedure_is_found_by_its_words_in_any_width(counter_pages: TestClient) -> None:
    page = counter_pages.get("/", params={"q": "電気用品　第３条"}).text
    assert "電気用品製造（輸入）事業届出" in page
    assert "後援名義の使用承認申請" not in page
    assert "0件" in counter_pages.get("/", params={"q": "<i>"}).text
    assert "&lt;i&gt;" in counter_pages.get("/", params={"q": "<i>"}).text


def test_a_procedures_page_leads_to_its_form_and_says_what_is_needed(counter_pages: TestClient) -> None:
    page = counter_pages.get("/procedures/koen-meigi").text
    assert 'href="/procedures/koen-meigi/apply"' in page
    assert "入場料を要する理由" in page


def test_an_organisation_sees_its_own_applications_only(counter_pages: TestClient, filed: str, clean: Site) -> None:
    clean.an_applicant("other@example.com", name="他社株式会社")
    sign_in(counter_pages, clean, APPLICANT)
    own = counter_pages.get(f"/applications/{filed}")
    assert own.status_code == 200
    assert "令和" in own.text
    assert "中小企業デジタル化フェア" in own.text
    assert own.headers["cache-control"] == "no-store"
    as_json = counter_pages.get(f"/v1/applications/{filed}", headers={"accept": "application/json"})
    assert as_json.json()["id"] == filed
    assert as_json.headers["cache-control"] == "no-store"  # it was a cookie that opened it
    sign_in(counter_pages, clean, "other@example.com")
    assert counter_pages.get(f"/applications/{filed}").status_code == 404
    assert filed not in counter_pages.get("/applications").text


def test_strangers_are_sent_to_the_sign_in_and_others_are_refused(
    counter_pages: TestClient, desk_pages: TestClient, console_pages: TestClient, *, filed: str, clean: Site
) -> None:
    for client, path in ((counter_pages, "/applications"), (desk_pages, "/desk"), (console_pages, "/console")):
        assert client.get(path).headers["location"] == f"/sign-in?next=%2F{path[1:]}"
    applicant = sign_in(counter_pages, clean, APPLICANT)
    assert desk_pages.get("/desk", headers=applicant).status_code == 403
    assert desk_pages.get(f"/desk/cases/{case_of(clean, filed)}", headers=applicant).status_code == 403
    assert console_pages.get("/console", headers=applicant).status_code == 403


def test_a_returned_application_says_what_to_mend_by_the_forms_labels(counter_pages: TestClient, clean: Site) -> None:
    key = clean.an_applicant(APPLICANT)
    filing = json.loads((PROCEDURES / "koen-meigi.example.json").read_text())
    filing["answers"]["held"] = {"from": "2020-01-02", "to": "2020-01-03"}
    answer = counter_pages.post("/v1/applications", json=filing, headers={"authorization": f"Bearer {key}"})
    clean.deliver_all()
    sign_in(counter_pages, clean, APPLICANT)
    page = counter_pages.get(f"/applications/{answer.json()['id']}").text
    assert "<strong>期間</strong>：開始日が過ぎています。" in page
    english = counter_pages.get(f"/applications/{answer.json()['id']}?lang=en").text
    assert "<strong>Period</strong>: The event has begun already." in english


# the desk


def test_a_refusal_without_reasons_is_not_recorded_and_loses_nothing(
    counter_pages: TestClient, desk_pages: TestClient, filed: str, clean: Site
) -> None:
    official = sign_in(counter_pages, clean, OFFICIAL)
    path = f"/desk/cases/{case_of(clean, filed)}"
    page = desk_pages.post(path, data={"decision": "refuse", "reasons": "  "}, headers=official)
    assert page.status_code == 422
    assert 'aria-describedby="reasons-help reasons-error" aria-invalid="true"' in page.text
    assert '<a href="#reasons">' in page.text
    assert 'value="refuse" required checked' in page.text
    chosen_nothing = desk_pages.post(path, data={"reasons": "理由は<書いた>"}, headers=official)
    assert chosen_nothing.status_code == 422
    assert "理由は&lt;書いた&gt;</textarea>" in chosen_nothing.text
    assert '<a href="#decision-approve">' in chosen_nothing.text
    assert clean.value("select count(*) from bus.event where type = 'case.decided.v1'") == 0


@pytest.mark.parametrize(("reasons", "says"), [("あ" * 10_001, "10000字以内"), ("a\0b", "ヌル文字")])
def test_reasons_that_cannot_be_kept_are_said_beside_the_field(
    counter_pages: TestClient, desk_pages: TestClient, filed: str, clean: Site, *, reasons: str, says: str
) -> None:
    official = sign_in(counter_pages, clean, OFFICIAL)
    path = f"/desk/cases/{case_of(clean, filed)}"
    page = desk_pages.post(path, data={"decision": "refuse", "reasons": reasons}, headers=official)
    assert page.status_code == 422
    assert says in page.text


def test_a_decision_reaches_the_applicant_and_is_made_once(
    counter_pages: TestClient, desk_pages: TestClient, filed: str, clean: Site
) -> None:
    official = sign_in(counter_pages, clean, OFFICIAL)
    path = f"/desk/cases/{case_of(clean, filed)}"
    assert desk_pages.get("/desk", headers=official).text.count(path) == 1
    decided = desk_pages.post(path, data={"decision": "refuse", "reasons": "一行目\r\n二行目"}, headers=official)
    assert (decided.status_code, decided.headers["location"]) == (303, path)
    late = desk_pages.post(path, data={"decision": "approve", "reasons": "別の判断"}, headers=official)
    assert late.status_code == 409
    assert "別の判断" in late.text
    assert desk_pages.get("/desk", headers=official).text.count(path) == 0
    assert desk_pages.get("/desk?state=decided", headers=official).text.count(path) == 1
    clean.deliver_all()
    sign_in(counter_pages, clean, APPLICANT)
    page = counter_pages.get(f"/applications/{filed}").text
    assert "一行目\n二行目" in page
    assert "審査請求" in page


def test_an_official_of_another_group_sees_nothing_of_a_case(
    counter_pages: TestClient, desk_pages: TestClient, filed: str, clean: Site
) -> None:
    clean.a_reviewer("kinki-bureau", email="other@example.go.jp")
    other = sign_in(counter_pages, clean, "other@example.go.jp")
    path = f"/desk/cases/{case_of(clean, filed)}"
    assert desk_pages.get(path, headers=other).status_code == 404
    assert desk_pages.post(path, data={"decision": "approve"}, headers=other).status_code == 404
    assert path not in desk_pages.get("/desk?whose=groups", headers=other).text


def test_a_decision_sent_from_another_site_is_refused(
    counter_pages: TestClient, desk_pages: TestClient, filed: str, clean: Site
) -> None:
    official = sign_in(counter_pages, clean, OFFICIAL) | {"origin": "https://evil.example"}
    path = f"/desk/cases/{case_of(clean, filed)}"
    assert desk_pages.post(path, data={"decision": "approve"}, headers=official).status_code == 403
    assert clean.value('select state from review."case"') == "open"


def test_a_decision_after_the_session_ended_says_how_to_save_what_was_written(desk_pages: TestClient) -> None:
    page = desk_pages.post(f"/desk/cases/{uuid4()}", data={"decision": "approve"})
    assert page.status_code == 401
    assert "別のタブでサインインし直して" in page.text


# lists


def test_a_long_list_goes_on_where_the_page_before_ended(
    counter_pages: TestClient, desk_pages: TestClient, clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = clean.an_applicant(APPLICANT)
    clean.a_reviewer("public-relations", email=OFFICIAL)
    filed = [file(counter_pages, key, ONE_STAGE) for _ in range(3)]
    clean.deliver_all()
    monkeypatch.setattr("services.intake.overview.pages.PAGE", 2)
    monkeypatch.setattr("services.review.finding.pages.PAGE", 2)
    sign_in(counter_pages, clean, APPLICANT)
    assert listed(counter_pages, "/applications", {}) == [f"/applications/{one}" for one in reversed(filed)]
    official = sign_in(counter_pages, clean, OFFICIAL)
    cases = listed(desk_pages, "/desk?whose=groups&lang=en", official)
    assert sorted(cases) == sorted(f"/desk/cases/{case_of(clean, one)}" for one in filed)


def listed(client: TestClient, path: str, headers: dict[str, str]) -> list[str]:
    """What a list links to, page after page."""
    found: list[str] = []
    while path:
        page = client.get(path, headers=headers).text
        found += re.findall(r'data-label="[^"]+"><a href="([^"]+)"', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    return found


# the shop window, the console and the API's pages


@pytest.mark.parametrize("service", ["intake", "review", "notify", "opendata"])
def test_each_api_is_told_on_a_page(service: str, clean: Site) -> None:
    assert clean.broker_url
    with TestClient(import_module(f"services.{service}.app").create_app(), base_url=ADDRESS) as client:
        page = client.get(f"/docs/{service}").text
        document = client.get(f"/docs/{service}/openapi.json").json()
    assert document["paths"]
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page


def test_the_statistics_are_open_to_everybody(filed: str) -> None:
    from services.opendata.app import create_app

    assert filed
    with TestClient(create_app(), base_url=ADDRESS) as client:
        page = client.get("/data").text
    assert "後援名義の使用承認申請" in page
    assert '<rect class="bar-filed" width="100.00%"' in page


def test_the_console_shows_and_replays_dead_letters_and_stays_up_when_health_does_not_answer(
    counter_pages: TestClient, console_pages: TestClient, filed: str, clean: Site
) -> None:
    clean.an_operator()
    operator = sign_in(counter_pages, clean, "operator@example.go.jp")
    event = clean.value("select id from bus.event where subject = :subject and type = 'application.arrived.v1'", subject=filed)
    clean.run(
        "update bus.delivery set state = 'dead', error = 'KeyError: x' where event_id = :id and service = 'notify'", id=event
    )
    overview = console_pages.get("/console", headers=operator).text
    assert "notify.tell" in console_pages.get("/console/queues", headers=operator).text
    assert "稼働状況を取得できません" in overview
    assert f"/console/dead-letters/{event}" in console_pages.get("/console/dead-letters", headers=operator).text
    assert "KeyError: x" in console_pages.get(f"/console/dead-letters/{event}", headers=operator).text
    elsewhere = operator | {"origin": "https://evil.example"}
    assert console_pages.post(f"/console/dead-letters/{event}", headers=elsewhere).status_code == 403
    replayed = console_pages.post(f"/console/dead-letters/{event}", data={"subscriber": "notify.tell"}, headers=operator)
    assert replayed.headers["location"] == "/console/dead-letters?done=replayed&count=1"
    assert clean.value("select count(*) from bus.delivery where state = 'dead'") == 0
    assert console_pages.get(f"/console/dead-letters/{event}", headers=operator).status_code == 404
