"""Opinions: who is asked sees what was chosen and nothing else, until the last day, and answers once or better."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from services.review.opinions.deadlines import pass_days
from services.review.opinions.opinions import today
from tests.files.samples import PDF
from tests.intake.parts import with_files
from tests.review.parts import CASES
from tests.site import Site, bearer, example
from tests.web.conftest import HTML, secret_of

ASKED = {"name": "専門 三郎", "email": "expert@example.org", "language": "ja"}
QUESTION = "入場料の額は妥当でしょうか。秘密の質問"
ANSWER = "妥当と考えます。秘密の回答"


@pytest.fixture
def official(clean: Site) -> str:
    return clean.a_reviewer("grants", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def case(clean: Site, counter: TestClient, official: str) -> str:
    """A case with attachments."""
    key = clean.an_applicant()
    filing = with_files(counter, key, example("hojokin-kofu"))
    assert official
    assert counter.post("/v1/applications", json=filing, headers=bearer(key)).status_code == 202
    clean.deliver_all()
    return str(clean.value('select id from review."case"'))


def answers_of(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.value('select answers from review."case"')
    return found


def ask(desk: TestClient, key: str, case: str, to: Any = ASKED, **more: Any) -> httpx.Response:
    body = {"to": to, "question": QUESTION, "due_on": str(today() + timedelta(days=14)), "fields": ["title"], **more}
    answer: httpx.Response = desk.post(f"{CASES}/{case}/opinions", json=body, headers=bearer(key))
    return answer


def opened(desk: TestClient, opinion: str, secret: str | None = None) -> tuple[httpx.Response, dict[str, str]]:
    """Open the mailed link; its answer, and the headers of the browser that did."""
    link = {"link": opinion, "secret": secret_of(UUID(opinion)) if secret is None else secret}
    answer = desk.get("/opinions", params=link, headers={"accept": HTML}, follow_redirects=False)
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    desk.cookies.clear()
    return answer, {"accept": HTML, "origin": str(desk.base_url), "cookie": cookie}


def page(desk: TestClient, path: str, headers: dict[str, str]) -> httpx.Response:
    answer: httpx.Response = desk.get(path, headers=headers)
    return answer


def reply(desk: TestClient, path: str, headers: dict[str, str], text: str = ANSWER, **more: Any) -> httpx.Response:
    answer: httpx.Response = desk.post(path, data={"answer": text}, headers=headers, follow_redirects=False, **more)
    return answer


def at_desk(desk: TestClient, key: str, case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(f"{CASES}/{case}/opinions", headers=bearer(key)).json()
    return found


def test_somebody_outside_sees_what_was_chosen_and_nothing_else_of_the_case(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    answers = answers_of(clean)
    chosen, other = answers["plan"]["id"], answers["register"]["id"]
    opinion = ask(desk, official, case, attachments=[chosen]).json()["id"]
    entry, browser = opened(desk, opinion)
    assert (entry.status_code, entry.headers["location"]) == (303, f"/opinions/{opinion}")
    shown = page(desk, f"/opinions/{opinion}", browser)
    assert shown.status_code == 200
    assert shown.headers["x-robots-tag"] == "noindex, nofollow"
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("no-referrer", "no-store")
    assert QUESTION in shown.text
    assert answers["title"] in shown.text
    row = clean.rows('select * from review."case"')[0]
    hidden = [row["arrival_number"], row["receipt_number"], row["applicant"]["name"], row["contact"]["name"], other]
    hidden += [row["contact"]["email"], answers["purpose"], answers["register"]["name"], answers["telephone"]]
    assert not [one for one in hidden if one in shown.text]
    fetched = page(desk, f"/opinions/{opinion}/attachments/{chosen}", browser)
    assert fetched.content == PDF
    assert page(desk, f"/opinions/{opinion}/attachments/{other}", browser).status_code == 404
    with_contact = ask(desk, official, case, contact=True).json()["id"]
    _, browser = opened(desk, with_contact)
    text = page(desk, f"/opinions/{with_contact}", browser).text
    assert row["contact"]["email"] in text
    assert row["applicant"]["name"] in text


def test_the_links_secret_is_in_no_table_no_event_and_no_address(clean: Site, desk: TestClient, official: str, case: str) -> None:
    opinion = ask(desk, official, case).json()["id"]
    entry, browser = opened(desk, opinion)
    reply(desk, f"/opinions/{opinion}", browser)
    clean.deliver_all()
    secret = secret_of(UUID(opinion))
    assert secret not in entry.headers["location"]
    tables = ("bus.event", "review.opinion", "review.audit_entry", "notify.message", "review.file")
    assert not [table for table in tables if secret in str(clean.rows(f"select * from {table}"))]
    mailed = clean.rows("select recipient, filling from notify.message where channel = 'email' and template = 'opinion-asked'")
    assert [(row["recipient"], row["filling"]["link_id"]) for row in mailed] == [("expert@example.org", opinion)]
    everything = str(clean.rows("select data from bus.event")) + str(clean.rows("select filling from notify.message"))
    assert "秘密" not in everything


@pytest.mark.parametrize("wrong", ["", "0" * 64, "x"])
def test_a_wrong_link_opens_nothing(clean: Site, desk: TestClient, official: str, case: str, *, wrong: str) -> None:
    opinion = ask(desk, official, case).json()["id"]
    entry, _ = opened(desk, opinion, wrong)
    assert entry.status_code == 404
    assert QUESTION not in entry.text
    stranger = {"accept": HTML, "origin": str(desk.base_url), "cookie": f"__Host-madoguchi-opinion-{UUID(opinion).hex}={wrong}"}
    assert page(desk, f"/opinions/{opinion}", stranger).status_code == 404
    assert reply(desk, f"/opinions/{opinion}", stranger).status_code == 404
    other, other_browser = opened(desk, ask(desk, official, case).json()["id"])
    assert other.status_code == 303
    assert page(desk, f"/opinions/{opinion}", other_browser).status_code == 404
    assert clean.value("select count(*) from review.opinion where state = 'answered'") == 0


def test_an_answer_is_taken_once_told_and_can_be_revised_with_its_files(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    opinion = ask(desk, official, case).json()["id"]
    _, browser = opened(desk, opinion)
    here = f"/opinions/{opinion}"
    clean.deliver_all()
    clean.run("truncate notify.message cascade")
    files = {"files.file": ("意見書.pdf", PDF, "application/pdf")}
    assert reply(desk, here, browser, files=files).headers["location"] == f"{here}?saved=1"
    (file,) = at_desk(desk, official, case)[0]["files"]
    assert (file["name"], file["state"]) == ("意見書.pdf", "unscanned")
    again = desk.post(here, data={"answer": ANSWER, "files": file["id"]}, headers=browser, follow_redirects=False)
    assert again.status_code == 303
    (found,) = at_desk(desk, official, case)
    assert (found["state"], found["answer"], found["earlier"]) == ("answered", ANSWER, [])
    assert reply(desk, here, browser, "やはり高すぎます。").status_code == 303
    (found,) = at_desk(desk, official, case)
    assert (found["answer"], [one["answer"] for one in found["earlier"]]) == ("やはり高すぎます。", [ANSWER])
    assert found["files"] == []
    clean.deliver_all()
    mails = clean.rows("select recipient, template from notify.message where channel = 'email' order by id")
    assert [(row["recipient"], row["template"]) for row in mails] == [("press@example.go.jp", "opinion-answered")] * 2
    acts = [row["act"] for row in clean.rows("select act from review.audit_entry where act like 'opinion.%' order by id")]
    assert acts == ["opinion.answered"] * 3


def test_what_is_no_answer_is_refused_and_kept_on_the_page(clean: Site, desk: TestClient, official: str, case: str) -> None:
    opinion = ask(desk, official, case).json()["id"]
    _, browser = opened(desk, opinion)
    for text in ("", " \n", "x" * 20_001, "a\0b"):
        assert reply(desk, f"/opinions/{opinion}", browser, text).status_code == 422
    wrong = {"files.file": ("意見書.pdf", b"MZ no pdf", "application/pdf")}
    refused = reply(desk, f"/opinions/{opinion}", browser, files=wrong)
    assert refused.status_code == 422
    assert ANSWER in refused.text
    right = {"files.file": ("意見書.pdf", PDF, "application/pdf")}
    kept = reply(desk, f"/opinions/{opinion}", browser, "", files=right)
    file = re.search(r'name="files" value="([0-9a-f-]+)" checked', kept.text)
    assert file
    other = clean.value("select id from review.opinion")
    assert other
    stranger = ask(desk, official, case).json()["id"]
    _, other_browser = opened(desk, stranger)
    stolen = desk.post(f"/opinions/{stranger}", data={"answer": "x", "files": file[1]}, headers=other_browser)
    assert stolen.status_code == 422
    assert clean.value("select count(*) from review.opinion where state = 'answered'") == 0


def test_another_site_cannot_send_the_form(clean: Site, desk: TestClient, official: str, case: str) -> None:
    opinion = ask(desk, official, case).json()["id"]
    _, browser = opened(desk, opinion)
    assert reply(desk, f"/opinions/{opinion}", browser | {"origin": "https://evil.example"}).status_code == 403
    assert clean.value("select state from review.opinion") == "asked"


def test_an_official_of_another_group_sees_the_limited_view_and_no_case(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    expert = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp", name="北海 四郎")
    third = clean.a_reviewer("kyushu-bureau", email="k@example.go.jp")
    account = str(clean.account("h@example.go.jp").id)
    opinion = ask(desk, official, case, account).json()["id"]
    clean.deliver_all()
    mailed = clean.rows("select recipient, filling from notify.message where channel = 'email' and template = 'opinion-asked'")
    assert [(row["recipient"], row["filling"]["path"]) for row in mailed] == [("h@example.go.jp", f"/desk/opinions/{opinion}")]
    assert "link_id" not in mailed[0]["filling"]
    me = {"accept": HTML, "origin": str(desk.base_url), **bearer(expert)}
    assert f"/desk/opinions/{opinion}" in page(desk, "/desk/asked", me).text
    shown = page(desk, f"/desk/opinions/{opinion}", me)
    assert QUESTION in shown.text
    assert str(answers_of(clean)["purpose"]) not in shown.text
    assert desk.get(f"{CASES}/{case}", headers=bearer(expert)).status_code == 404
    not_me = {"accept": HTML, "origin": str(desk.base_url), **bearer(third)}
    assert page(desk, f"/desk/opinions/{opinion}", not_me).status_code == 404
    assert reply(desk, f"/desk/opinions/{opinion}", not_me).status_code == 404
    entry, _ = opened(desk, opinion)  # an opinion from inside has no link
    assert entry.status_code == 404
    assert reply(desk, f"/desk/opinions/{opinion}", me).status_code == 303
    assert at_desk(desk, official, case)[0]["answer"] == ANSWER


def test_withdrawn_expired_or_of_an_ended_case_nothing_can_be_seen_any_more(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    ids = [ask(desk, official, case).json()["id"] for _ in range(3)]
    browsers = {one: opened(desk, one)[1] for one in ids}
    assert desk.post(f"{CASES}/{case}/opinions/{ids[0]}/withdrawal", headers=bearer(official)).status_code == 200
    assert desk.post(f"{CASES}/{case}/opinions/{ids[0]}/withdrawal", headers=bearer(official)).status_code == 409
    clean.run("update review.opinion set due_on = :day where id = cast(:id as uuid)", day=today() - timedelta(days=1), id=ids[1])
    clean.run("""update review."case" set state = 'withdrawn'""")
    for one in ids:
        shown = page(desk, f"/opinions/{one}", browsers[one])
        assert shown.status_code == 410
        assert QUESTION not in shown.text
        assert reply(desk, f"/opinions/{one}", browsers[one]).status_code == 410
        assert opened(desk, one)[0].status_code == 410
    assert ask(desk, official, case).status_code == 409


def test_who_is_asked_is_reminded_once_and_the_official_hears_that_the_last_day_passed(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    ask(desk, official, case)
    soon = ask(desk, official, case, due_on=str(today() + timedelta(days=2))).json()["id"]
    clean.deliver_all()
    clean.run("truncate notify.message cascade")
    for days in (0, 2, 3, 10, 11, 12, 14, 15, 15):
        with clean.session("review") as session:
            pass_days(session, today() + timedelta(days=days))
            session.commit()
        clean.deliver_all()
    told = clean.rows("select template, recipient from notify.message where channel = 'email' order by id")
    assert [(row["template"], row["recipient"]) for row in told] == [
        ("opinion-expired", "press@example.go.jp"),  # the near one, which was not reminded of
        ("opinion-reminded", "expert@example.org"),
        ("opinion-expired", "press@example.go.jp"),
    ]
    assert clean.value("select state from review.opinion where id = cast(:id as uuid)", id=soon) == "expired"


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"question": " "}, "/question"),
        ({"fields": ["nothing"]}, "/fields"),
        ({"fields": ["plan"]}, "/fields"),  # a file is chosen by itself
        ({"attachments": [str(uuid4())]}, "/attachments"),
        ({"due_on": str(today())}, "/due_on"),
        ({"to": str(uuid4())}, "/to"),
        ({"to": {"name": "x", "email": "no address"}}, "/to"),
    ],
)
def test_an_asking_that_does_not_fit_is_refused(  # noqa: PLR0917
    clean: Site, desk: TestClient, official: str, case: str, change: dict[str, Any], at: str
) -> None:
    answer = ask(desk, official, case, **change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(at)
    assert clean.value("select count(*) from review.opinion") == 0


def test_an_official_with_a_conflict_of_interest_is_not_asked_and_sees_nothing_of_what_he_was_asked_before(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    expert = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp", name="北海 四郎")
    account = str(clean.account("h@example.go.jp").id)
    opinion = ask(desk, official, case, account).json()["id"]
    me = {"accept": HTML, "origin": str(desk.base_url), **bearer(expert)}
    assert page(desk, f"/desk/opinions/{opinion}", me).status_code == 200
    clean.run(
        """
        insert into review.conflict (id, account_id, kind, party, reason, declared_by, declared_by_name)
        select :id, cast(:account as uuid), 'organisation', applicant ->> 'organisation_id', '', cast(:account as uuid), ''
        from review."case"
        """,
        id=uuid4(),
        account=account,
    )
    assert page(desk, f"/desk/opinions/{opinion}", me).status_code == 410
    assert ask(desk, official, case, account).status_code == 422
    form = page(desk, f"/desk/cases/{case}/opinion", {"accept": HTML, **bearer(official)}).text
    assert account not in form


def test_who_does_not_see_the_case_cannot_ask(clean: Site, desk: TestClient, official: str, case: str) -> None:
    stranger = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    assert ask(desk, stranger, case).status_code == 404
    opinion = ask(desk, official, case).json()["id"]
    assert desk.get(f"{CASES}/{case}/opinions", headers=bearer(stranger)).status_code == 404
    assert desk.post(f"{CASES}/{case}/opinions/{opinion}/withdrawal", headers=bearer(stranger)).status_code == 404


def test_an_official_asks_by_form_and_finds_the_answer_on_the_case(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    me = {"accept": HTML, "origin": str(desk.base_url), **bearer(official)}
    form = page(desk, f"/desk/cases/{case}/opinion", me).text
    plan = answers_of(clean)["plan"]["id"]
    assert 'value="title"' in form
    assert f'value="{plan}"' in form
    entered = {"whom": "outside", **ASKED, "question": QUESTION, "due_on": str(today() + timedelta(days=9)), "fields": "title"}
    empty = desk.post(f"/desk/cases/{case}/opinion", data={"whom": "inside"}, headers=me).text
    assert all(f'id="{place}-error"' in empty for place in ("question", "due_on"))  # all at once, beside whom to ask
    wrong = desk.post(f"/desk/cases/{case}/opinion", data={**entered, "email": "x"}, headers=me, follow_redirects=False)
    assert wrong.status_code == 422
    assert 'id="email-error"' in wrong.text
    assert desk.post(f"/desk/cases/{case}/opinion", data=entered, headers=me, follow_redirects=False).status_code == 303
    opinion = clean.value("select id from review.opinion")
    _, browser = opened(desk, str(opinion))
    reply(desk, f"/opinions/{opinion}", browser, files={"files.file": ("意見書.pdf", PDF, "application/pdf")})
    shown = page(desk, f"/desk/cases/{case}", me).text
    assert ANSWER in shown
    link = re.search(rf'href="(/desk/cases/{case}/opinions/{opinion}/files/[0-9a-f-]+)"', shown)
    assert link
    assert page(desk, link[1], me).content == PDF


def test_asking_too_fast_is_slowed_down(clean: Site, desk: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.buckets import Buckets

    assert clean.broker_url
    monkeypatch.setitem(desk.app.state._state, "opinion_buckets", Buckets(0.1))  # type: ignore[attr-defined] # it is FastAPI's
    codes = [opened(desk, str(uuid4()))[0].status_code for _ in range(2)]
    assert codes == [404, 429]


def test_who_has_a_conflict_of_interest_is_not_asked_and_sees_nothing_more(
    clean: Site, desk: TestClient, official: str, case: str
) -> None:
    colleague = bearer(clean.a_reviewer("kinki-bureau", email="colleague@example.go.jp")) | {"accept": HTML}
    account = clean.account("colleague@example.go.jp").id
    opinion = ask(desk, official, case, str(account)).json()["id"]
    assert page(desk, f"/desk/opinions/{opinion}", colleague).status_code == 200
    organisation = str(clean.value("""select applicant ->> 'organisation_id' from review."case" """))
    declared = {"kind": "organisation", "party": organisation, "reason": "親族が役員"}
    assert desk.post("/v1/conflicts", json=declared, headers=colleague).status_code == 201
    assert page(desk, f"/desk/opinions/{opinion}", colleague).status_code == 410
    again = ask(desk, official, case, str(account))
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/to")
