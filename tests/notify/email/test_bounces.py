"""What comes back of a mail: only of the message it names by its token, and only once."""

from __future__ import annotations

import mailbox
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from services.notify.bounces.maildir import fetch
from services.notify.bounces.reports import MOST_BYTES, report_in
from services.notify.bounces.taking import MOST_REPORTS, take
from services.notify.channels.email.tokens import return_address, token_of
from services.notify.recipients import suppressions
from services.notify.recipients.addresses import recipient_hash
from services.notify.settings import Settings
from shared.problems import NotFound
from shared.settings import load
from tests.notify.parts import message, send, states, write_to
from tests.notify.smtp import moody_server
from tests.site import Site

TO = "gone@example.com"

DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Description: Notification

This is the mail system at host mx.example.com.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Wed, 25 Nov 2026 10:00:00 +0900

Final-Recipient: rfc822; gone@example.com
Original-Recipient: rfc822;gone@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; {code}

--b
Content-Type: message/rfc822

Return-Path: <x@madoguchi.example>
Subject: =?utf-8?b?56qT5Y+j?=

--b--
"""

ARF = """\
From: <abusedesk@example.com>
To: <feedback@madoguchi.example>
Subject: FW: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--b
Content-Type: message/rfc822

From: <no-reply@madoguchi.example>
Message-ID: <{token}@madoguchi.example>
Subject: =?utf-8?b?56qT5Y+j?=

--b--
"""


def dsn(to: str, action: str = "failed", status: str = "5.1.1", code: str = "550 5.1.1 No such user") -> bytes:
    return DSN.format(to=to, action=action, status=status, code=code).encode()


@pytest.fixture
def sent(clean: Site) -> Site:
    """A mail to somebody who is gone was taken by our server."""
    write_to(clean, TO)
    with moody_server() as (url, _):
        send(url)
    return clean


def token(site: Site) -> str:
    return token_of(load(Settings).secret_key, message(site, TO)["id"])


def verp(site: Site) -> str:
    return return_address("bounces@madoguchi.example", token(site))


def came(site: Site, content: bytes, recipient: str = "") -> str:
    with site.session("notify") as session:
        taken = take(session, load(Settings).secret_key, content, recipient)
        session.commit()
    return taken


def tries(site: Site) -> list[tuple[str, str, str]]:
    rows = site.rows("select outcome, server, answer from notify.attempt order by started_at")
    return [(row["outcome"], row["server"], row["answer"]) for row in rows]


def suppressed(site: Site) -> list[tuple[str, str]]:
    return [(row["recipient"], row["reason"]) for row in site.rows("select recipient, reason from notify.suppression")]


def test_an_address_that_does_not_exist_is_not_written_to_again_until_an_operator_says_so(sent: Site) -> None:
    assert came(sent, dsn(verp(sent).upper())) == "taken"
    assert message(sent, TO)["state"] == "bounced"
    assert message(sent, TO)["error"] == "smtp; 550 5.1.1 No such user"
    assert tries(sent)[1:] == [("bounced", "mx.example.com", "smtp; 550 5.1.1 No such user")]
    assert suppressed(sent) == [(TO, "bounce")]
    assert came(sent, dsn(verp(sent).upper())) == "known"
    assert len(tries(sent)) == 2

    write_to(sent, TO, "other@example.com")
    with moody_server() as (url, moody):
        assert send(url) == 1
        assert [to for to, _ in moody.taken] == ["other@example.com"]
        errors = [row["error"] for row in sent.rows("select error from notify.message where state = 'failed'")]
        assert errors == ["the recipient is suppressed: bounce"]

        with sent.session("notify") as session:
            by_address = recipient_hash(load(Settings).secret_key, " GONE@example.com")
            assert [one.recipient for one in suppressions.listed(session)] == [TO]
            suppressions.release(session, by_address)
            session.commit()
            with pytest.raises(NotFound):
                suppressions.release(session, by_address)
        sent.run("update notify.message set state = 'created', next_attempt_at = now() where state = 'failed'")
        assert send(url) == 1


@pytest.mark.parametrize(
    ("report", "state", "outcome"),
    [
        ({"action": "delayed", "status": "4.4.1", "code": "451 later"}, "sent", "delayed"),
        ({"status": "5.2.2", "code": "552 mailbox full"}, "bounced", "bounced"),
        ({"status": "4.4.7", "code": "expired"}, "bounced", "bounced"),
        ({"status": "5.7.1", "code": "550 5.7.1 spam"}, "bounced", "bounced"),
        ({"action": "delivered", "status": "2.0.0", "code": "250 ok"}, "delivered", "delivered"),
    ],
)
def test_what_says_nothing_of_the_address_is_written_down_and_the_address_is_written_to(
    sent: Site, report: dict[str, Any], state: str, outcome: str
) -> None:
    assert came(sent, dsn(verp(sent), **report)) == "taken"
    assert message(sent, TO)["state"] == state
    assert tries(sent)[-1][0] == outcome
    assert suppressed(sent) == []


def test_who_complains_is_not_written_to_again(sent: Site) -> None:
    assert came(sent, ARF.format(token=token(sent)).encode()) == "taken"
    assert message(sent, TO)["state"] == "sent"
    assert tries(sent)[-1] == ("complained", "", "abuse")
    assert suppressed(sent) == [(TO, "complaint")]


def test_the_address_it_came_to_is_enough(sent: Site) -> None:
    assert came(sent, dsn("postmaster@example.com")) == "of no message"
    assert came(sent, dsn("postmaster@example.com"), recipient=verp(sent)) == "taken"


def test_nobody_can_make_another_ones_mail_bounce(sent: Site) -> None:
    true = token(sent)
    forged = true[:-1] + ("a" if true[-1] != "a" else "b")
    for name in (forged, true.partition("-")[0], str(message(sent, TO)["id"])):
        assert came(sent, dsn(return_address("bounces@madoguchi.example", name))) == "of no message"
    sent.run("delete from notify.message")
    assert came(sent, dsn(return_address("bounces@madoguchi.example", true))) == "of no message"
    assert suppressed(sent) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Subject: Holiday\r\n\r\nI am away until Monday.",
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n--b--",
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report; charset=nope\n"
        b"Content-Transfer-Encoding: base64\n\n!\n--b--\n"[:60],
        b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(3000)),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n\n" * (MOST_BYTES // 6),
    ],
)
def test_what_is_no_report_is_left_alone(content: bytes) -> None:
    assert report_in(content) is None


def test_a_recipient_who_sends_reports_without_end_fills_no_table(sent: Site) -> None:
    for number in range(MOST_REPORTS + 5):
        came(sent, dsn(verp(sent), "delayed", "4.0.0", f"\0 451 later\x1b[31m {number} " + "x" * 9999))
    assert len(tries(sent)) == 1 + MOST_REPORTS
    assert max(len(answer) for *_, answer in tries(sent)) <= 300


def test_mails_are_fetched_from_a_folder_once_and_the_rest_is_left_for_people(sent: Site, tmp_path: Path) -> None:
    from services.notify.tasks import engine

    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(dsn(verp(sent)))
    away = EmailMessage()
    away.set_content("I am away until Monday.")
    box.add(away)
    assert fetch(engine, load(Settings).secret_key, tmp_path / "bounces") is False
    assert states(sent) == {TO: "bounced"}
    assert [one.get_payload() for one in box] == ["I am away until Monday.\n"]
    assert list((tmp_path / "bounces" / "new").iterdir()) == []
    assert fetch(engine, load(Settings).secret_key, tmp_path / "nowhere") is False


def test_a_mail_server_can_pipe_them(sent: Site) -> None:
    command = [sys.executable, "-m", "deploy.cli", "bounces", "take", "--home", "/nowhere"]
    done = subprocess.run(command, input=dsn(verp(sent)), capture_output=True, check=True, timeout=60)
    assert done.stdout == b"taken\n"
    assert states(sent) == {TO: "bounced"}
