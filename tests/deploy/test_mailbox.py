"""The mailbox: what is said to be taken is on disk, and what is on disk is shown."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from deploy.one.mailbox.mails import Mails, describe
from deploy.one.ports import answers, free_ports


@dataclass
class Mailbox:
    """A mailbox in a process of its own."""

    folder: Path
    smtp: int = 0
    http: int = 0
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.smtp, self.http = free_ports(2)
        options = ["--smtp-port", str(self.smtp), "--http-port", str(self.http), "--folder", str(self.folder)]
        self.process = subprocess.Popen([sys.executable, "-m", "deploy.one.mailbox", *options], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not (answers(self.smtp) and answers(self.http)):
            assert time.monotonic() < until
            assert self.process.poll() is None
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def send(
        self, message: EmailMessage | bytes, sender: str = "office@example.jp", to: tuple[str, ...] = ("hanako@example.jp",)
    ) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp) as client:
            content = message.as_bytes() if isinstance(message, EmailMessage) else message
            client.sendmail(sender, to, content)

    def get(self, path: str, host: str | None = None, method: str = "GET") -> bytes:
        headers = {"Host": host} if host else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", headers=headers, method=method)
        with urllib.request.urlopen(request) as answer:
            body: bytes = answer.read()
        return body

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.get("/email"))
        return found


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path / "mailbox")
    box.start()
    yield box
    box.stop()


def letter(subject: str = "受付のお知らせ", text: str = "受け付けました。\n", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "窓口 <no-reply@madoguchi.example>"
    message["To"] = "窓口 花子 <hanako@example.jp>"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def test_a_mail_is_answered_in_the_shape_of_maildev(mailbox: Mailbox) -> None:
    message = letter(Message_ID="<a@madoguchi.example>", Date="Mon, 23 Nov 2026 09:00:00 +0900")
    message.add_alternative("<p>受け付けました。</p>", subtype="html")
    mailbox.send(message)
    (mail,) = mailbox.mails()
    assert mail["to"] == [{"address": "hanako@example.jp", "name": "窓口 花子"}]
    assert mail["from"] == [{"address": "no-reply@madoguchi.example", "name": "窓口"}]
    assert mail["subject"] == mail["headers"]["subject"] == "受付のお知らせ"
    assert mail["text"] == "受け付けました。\n"
    assert mail["html"] == "<p>受け付けました。</p>\n"
    assert mail["headers"]["message-id"] == "<a@madoguchi.example>"
    assert mail["date"] == "2026-11-23T00:00:00.000Z"
    assert mail["envelope"] == {"sender": "office@example.jp", "to": ["hanako@example.jp"]}
    assert json.loads(mailbox.get(f"/email/{mail['id']}")) == mail


def test_the_newest_mail_comes_last(mailbox: Mailbox) -> None:
    for number in range(3):
        mailbox.send(letter(str(number)))
    assert [mail["subject"] for mail in mailbox.mails()] == ["0", "1", "2"]


def test_a_mail_that_was_taken_is_on_disk_and_outlives_kill_9(mailbox: Mailbox) -> None:
    mailbox.send(letter())
    mailbox.process.kill()
    mailbox.process.wait()
    assert len(list(mailbox.folder.glob("*.eml"))) == 1
    mailbox.start()
    assert [mail["subject"] for mail in mailbox.mails()] == ["受付のお知らせ"]


def test_a_mail_that_cannot_be_stored_is_refused_for_now(mailbox: Mailbox) -> None:
    mailbox.folder.rename(mailbox.folder.with_name("moved"))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        mailbox.send(letter())
    assert refused.value.smtp_code == 452
    assert mailbox.mails() == []


def test_mails_are_private_to_their_owner(mailbox: Mailbox) -> None:
    mailbox.send(letter())
    assert mailbox.folder.stat().st_mode & 0o077 == 0


def test_deleting_forgets_all(mailbox: Mailbox) -> None:
    mailbox.send(letter())
    mailbox.get("/email/all", method="DELETE")
    assert mailbox.mails() == []
    assert list(mailbox.folder.iterdir()) == []


def test_a_mail_over_the_limit_is_refused(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "25000000"
        assert client.docmd("MAIL", "FROM:<a@example.jp> SIZE=25000001")[0] == 552


def test_the_page_lists_mails_and_runs_nothing_that_is_in_them(mailbox: Mailbox) -> None:
    message = letter(subject="<script>alert(1)</script>", text="開く: http://127.0.0.1:8000/sign-in/x?a=1&b=2\n")
    message.add_alternative('<script>alert(2)</script>"><b>', subtype="html")
    mailbox.send(message)
    (mail,) = mailbox.mails()
    with urllib.request.urlopen(f"http://127.0.0.1:{mailbox.http}/mails/{mail['id']}") as answer:
        page = answer.read().decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert '<a href="http://127.0.0.1:8000/sign-in/x?a=1&amp;b=2"' in page
    for shown in (page, mailbox.get("/").decode()):
        assert "<script>" not in shown
        assert '<html lang="ja">' in shown
    assert f"/mails/{mail['id']}" in mailbox.get("/").decode()


@pytest.mark.parametrize("path", ["/email/none", "/mails/none", "/email/..%2f..%2fsecret/download"])
def test_what_is_not_there_is_404(mailbox: Mailbox, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as missing:
        mailbox.get(path)
    missing.value.close()
    assert missing.value.code == 404


def test_a_site_that_points_its_own_name_here_reads_nothing(mailbox: Mailbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        mailbox.get("/email", host="evil.example")
    refused.value.close()
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no headers at all",
        b"From: <<<\r\nTo: ,,,;\r\nDate: yesterday\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n",
        b"Subject: =?utf-8?b?////?=\r\nMessage-ID: [\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        os.urandom(4096),
    ],
)
def test_a_malformed_mail_is_shown_as_well_as_it_can_be(content: bytes) -> None:
    mail = describe("00000000000000000001-aa", content)
    json.dumps(mail)
    assert mail["date"] == "1970-01-01T00:00:00.000Z"


def test_a_mail_for_nobody_in_its_headers_is_for_whom_the_envelope_says(mailbox: Mailbox) -> None:
    mailbox.send(b"Subject: x\r\n\r\nbody", to=("a@example.jp", "b@example.jp"))
    (mail,) = mailbox.mails()
    assert [one["address"] for one in mail["to"]] == ["a@example.jp", "b@example.jp"]


def test_of_more_mails_than_fit_the_oldest_go(tmp_path: Path) -> None:
    box = Mails(tmp_path, most=2)
    kept = [box.keep("office@example.jp", ["hanako@example.jp"], b"Subject: one\r\n\r\n") for _ in range(3)]
    assert [mail["id"] for mail in box.all()] == kept[1:]
    assert [mail["id"] for mail in Mails(tmp_path, most=1).all()] == kept[2:]
    assert [file.stem for file in tmp_path.iterdir()] == kept[2:]
