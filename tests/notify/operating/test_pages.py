"""The post's pages for operators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from services.notify.messages.channels import counts, standings
from services.notify.operating.overview import alarms, figures
from services.notify.recipients.addresses import masked
from shared.database import new_id
from shared.identity.callers import link_secret
from tests.notify.operating.parts import a_message, acts_of, hash_of, some_messages, state_of
from tests.notify.parts import a_link, tell, write_to
from tests.site import Site, bearer

PAGE = {"accept": "text/html", "origin": "http://testserver", "accept-language": "en"}


@pytest.fixture
def pages(clean: Site, post_office: TestClient) -> Iterator[TestClient]:
    """The post, as an operator's browser asks it."""
    more = PAGE | bearer(clean.an_operator())
    before = {name: post_office.headers.get(name) for name in more}
    post_office.headers.update(more)
    yield post_office
    for name, value in before.items():
        post_office.headers.pop(name)
        if value is not None:
            post_office.headers[name] = value


def rows_of(page: str) -> list[UUID]:
    """The messages that a list shows, in its order."""
    return [UUID(one) for one in re.findall(r'<a href="/notify/messages/([0-9a-f-]{36})"><time', page)]


def test_a_list_is_narrowed_and_says_nobodys_address_not_even_in_its_own(clean: Site, pages: TestClient) -> None:
    rows: list[Any] = [
        {"state": "failed", "error": "550 5.1.1 never"},
        {"recipient_hash": rf"\x{hash_of(clean, 'hanako@example.com').hex()}"},
        {"recipient": "taro@example.org", "channel": "sms"},
    ]
    failed, to_hanako, sms = some_messages(clean, rows)
    every = pages.get("/notify/messages")
    assert rows_of(every.text) == [sms, to_hanako, failed]
    assert "hanako@" not in every.text
    assert "h…o@example.com" in every.text
    sent = pages.post("/notify/messages", data={"who": " Hanako@example.com ", "state": "sent"}, follow_redirects=False)
    assert sent.status_code == 303
    assert "anako" not in sent.headers["location"]
    found = pages.get(sent.headers["location"])
    assert rows_of(found.text) == [to_hanako]
    assert rows_of(pages.get("/notify/messages?channel=sms").text) == [sms]
    assert rows_of(pages.get("/notify/messages?state=failed").text) == [failed]
    assert rows_of(pages.get("/notify/messages?to=2020-01-01").text) == []
    wrong = pages.get("/notify/messages?from=yesterday&state=lost&recipient=x")
    assert wrong.status_code == 200
    assert wrong.text.count('class="field-error"') == 2
    assert "Enter the recipient again" in wrong.text


def test_a_messages_page_says_what_to_do_and_shows_no_secret(clean: Site, pages: TestClient) -> None:
    link = a_link("hanako@example.com")
    tell(clean, link)
    one = clean.value("select id from notify.message")
    clean.run("update notify.message set state = 'unknown', error = 'the connection broke'")
    page = pages.get(f"/notify/messages/{one}")
    assert page.headers["cache-control"] == "no-store"
    assert "a mail is found there by its Message-ID" in page.text
    assert re.search(r"Message-ID</dt><dd>&lt;[a-z2-7]{26}-[a-z2-7]{16}@madoguchi.example&gt;", page.text)
    assert "hanako@example.com" in page.text
    assert f"link={link.link_id}&amp;secret=…" in page.text
    assert link_secret(SecretStr(clean.environment["MADOGUCHI_SECRET_KEY"]), link.link_id) not in page.text
    assert acts_of(clean, one) == [("message.shown", "運用 太郎", "")]
    refused = pages.post(f"/notify/messages/{one}", data={"step": "release", "reason": "x"})
    assert (refused.status_code, state_of(clean, one)) == (409, "unknown")
    done = pages.post(f"/notify/messages/{one}", data={"step": "release", "reason": "ログにあった", "checked": "true"})
    assert (done.status_code, state_of(clean, one)) == (200, "sent")
    assert "ログにあった" in done.text
    assert pages.post(f"/notify/messages/{one}", data={"step": "release", "reason": " ", "checked": "true"}).status_code == 422


@pytest.mark.parametrize(
    ("channel", "more"),
    [
        ("webhook", {"recipient": str(uuid4()), "filling": {"type": "case.decided.v1"}, "template": "webhook"}),
        ("sms", {"recipient": "090-1234-5678"}),
        ("letter", {"recipient": "大阪市中央区大手前1-5-44\n窓口 花子"}),
        ("email", {"template": "no-such-template"}),
    ],
)
def test_every_channels_message_has_its_page(clean: Site, pages: TestClient, channel: str, more: Any) -> None:
    one = a_message(clean, channel=channel, **more)
    page = pages.get(f"/notify/messages/{one}")
    assert page.status_code == 200
    expected = {"webhook": "case.decided.v1", "sms": "A-1", "letter": "A-1", "email": "The text cannot be made: KeyError"}
    assert expected[channel] in page.text


def test_many_are_done_after_a_preview_and_with_a_reason(clean: Site, pages: TestClient) -> None:
    rows: list[Any] = [{"state": state} for state in ("failed", "failed", "sent", "unknown")]
    ids = some_messages(clean, rows)
    preview = pages.get("/notify/messages/steps?template=arrived&step=resend")
    assert "Messages: 2" in preview.text
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview.text))
    assert sent == {"template": "arrived", "step": "resend", "newest": str(ids[1]), "most": "2"}
    again = pages.post("/notify/messages/steps", data=sent)
    assert (again.status_code, 'href="#reason"' in again.text) == (422, True)
    done = pages.post("/notify/messages/steps", data=sent | {"reason": "サーバーが直った"})
    assert "done with: 2" in done.text
    assert [state_of(clean, one) for one in ids] == ["created", "created", "sent", "unknown"]


def test_the_overview_says_what_to_look_at(clean: Site, pages: TestClient) -> None:
    assert "Nothing: all goes as it should" in pages.get("/notify/operating").text
    a_message(clean, "unknown")
    some_messages(clean, [{"state": "failed", "template": "decided"}] * 3 + [{"state": "sent", "template": "decided"}] * 17)
    write_to(clean, "a@example.com")
    clean.run("update notify.message set next_attempt_at = now() - interval '10 minutes' where state = 'created'")
    page = pages.get("/notify/operating").text
    for said in ("E-mail: of 1 messages nobody knows", "E-mail: nothing was sent for 10 minutes", "decided: 15.0 %"):
        assert said in page
    ready = pages.get("/health/ready").json()
    assert (ready["status"], ready["parts"]["messages"]["ok"], ready["parts"]["messages"]["held"]) == ("degraded", False, 1)
    stopped = pages.post("/notify/operating/channels/email", data={"action": "pause", "reason": "保守"})
    assert "E-mail: stopped by 運用 太郎. 1 messages wait." in stopped.text
    part = pages.get("/health/ready").json()["parts"]["messages"]
    assert (part["ok"], part["stopped"]) == (True, ["email"])
    assert pages.post("/notify/operating/channels/email", data={"action": "resume"}).status_code == 422


def test_figures_count_what_they_say(clean: Site) -> None:
    rows: list[Any] = [{"state": state} for state in ("sent", "delivered", "merged", "failed", "bounced", "unknown", "created")]
    some_messages(clean, rows)
    clean.run("update notify.message set sent_at = created_at + interval '2 seconds' where state in ('sent', 'delivered')")
    later = datetime.now(UTC) + timedelta(minutes=1)
    with clean.session("notify") as session:
        hours = figures.by_hour(session, later)
        assert sum((of.arrived + of.refused + of.unknown + of.waiting for _, of in hours[:-2]), 0) == 0
        assert [sum(getattr(of, name) for _, of in hours) for name in ("arrived", "refused", "unknown", "waiting")] == [
            3,
            2,
            1,
            1,
        ]
        ((template, of),) = figures.by_template(session, later)
        assert (template, round(of.rate, 1)) == ("arrived", 33.3)
        assert figures.speeds(session, later) == {"email": figures.Speed(2.0, 2.0, 2.0)}
        assert counts(session)["email", "failed"] == 1
        assert counts(session, since=new_id())["email", "failed"] == 0
        assert alarms.alarms(standings(session), [("x", figures.Fates(17, 3))])[-1].values == {"template": "x", "rate": "15.0"}


def test_a_suppression_is_found_and_lifted_with_a_reason(clean: Site, pages: TestClient) -> None:
    one = hash_of(clean, "gone@example.com")
    clean.run(
        "insert into notify.suppression (recipient_hash, recipient, channel, reason) values (:hash, :to, 'email', 'bounce')",
        hash=one,
        to="gone@example.com",
    )
    to_him = a_message(clean, "failed", recipient="gone@example.com", recipient_hash=rf"\x{one.hex()}")
    assert "This recipient is not written to" in pages.get(f"/notify/messages/{to_him}").text
    page = pages.get("/notify/suppressions").text
    assert "g…e@example.com" in page
    assert "gone@" not in page
    found = pages.post("/notify/suppressions", data={"who": "GONE@example.com"}, follow_redirects=False)
    assert found.headers["location"] == f"/notify/suppressions?recipient={one.hex()}"
    assert "g…e@" in pages.get(found.headers["location"]).text
    assert pages.post(f"/notify/suppressions/{one.hex()}/release").status_code == 422
    assert "written to again" in pages.post(f"/notify/suppressions/{one.hex()}/release", data={"reason": "直した"}).text
    assert clean.value("select count(*) from notify.suppression") == 0
    assert clean.value("select reason from operation.act where act = 'suppression.released'") == "直した"
    assert pages.post(f"/notify/suppressions/{one.hex()}/release", data={"reason": "x"}).status_code == 404


def test_nobody_else_sees_them(clean: Site, post_office: TestClient) -> None:
    one = a_message(clean)
    key = bearer(clean.a_reviewer("kinki-bureau"))
    for path in ("messages", f"messages/{one}", "messages/steps?step=cancel", "operating", "suppressions"):
        assert post_office.get(f"/notify/{path}", headers=PAGE | key).status_code == 403
        assert post_office.get(f"/notify/{path}", headers=PAGE, follow_redirects=False).status_code == 303
    assert acts_of(clean, one) == []


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("hanako@example.com", "h…o@example.com"),
        ("ab@example.com", "a…@example.com"),
        ("a@example.com", "a…@example.com"),
        ("+81-90-1234-5678", "…678"),
        ("大阪市中央区大手前\n花子", "大阪市…"),
        ("0b7c9f62-0000-7000-8000-000000000000", "0b7c9f62-0000-7000-8000-000000000000"),
    ],
)
def test_a_masked_recipient_can_be_recognised_and_not_written_to(recipient: str, shown: str) -> None:
    assert masked(recipient) == shown
