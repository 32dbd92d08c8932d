"""The mails themselves, as a mailbox shows them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import select

from services.notify.channels.email.composing import message_id_of
from services.notify.models import Message
from services.notify.settings import Settings
from services.notify.wording.compiling import MissingPlaceholders
from services.notify.wording.rendering import render
from shared.identity.callers import link_secret
from shared.settings import load
from tests.machine import Machine, Mailbox
from tests.notify.parts import a_link, make_due, message, send, tell, write_to
from tests.notify.test_messages import decided, opened, returned
from tests.site import Site, bearer

TEMPLATES = Path(__file__).parents[2] / "services" / "notify" / "wording" / "texts"


@pytest.fixture(scope="module")
def catcher(machine: Machine) -> Mailbox:
    """The mailbox that the machine has."""
    return machine.mailbox()


@pytest.fixture
def mailbox(clean: Site, catcher: Mailbox) -> Mailbox:
    """The mailbox, empty."""
    assert clean.broker_url
    catcher.empty()
    return catcher


def the_mail(mailbox: Mailbox) -> dict[str, Any]:
    assert send(mailbox.smtp_url) == 1
    (mail,) = mailbox.mails()
    return mail


def test_a_mail_says_who_what_and_where(clean: Site, mailbox: Mailbox) -> None:
    write_to(clean, "hanako@example.com")
    mail = the_mail(mailbox)
    assert mail["from"] == [{"address": "no-reply@madoguchi.example", "name": "窓口"}]
    assert mail["to"] == [{"address": "hanako@example.com", "name": "窓口 花子"}]
    assert mail["subject"] == "【受付】後援名義の使用承認申請（到達番号 A1）"
    assert mail["text"].startswith("窓口 花子 様\n")
    row = message(clean, "hanako@example.com")
    assert f"http://127.0.0.1:8000/applications/{row['subject']}\n" in mail["text"]
    assert "((" not in mail["text"]
    headers = mail["headers"]
    assert headers["content-language"] == "ja"
    assert headers["auto-submitted"] == "auto-generated"
    assert headers["x-madoguchi-subject"] == row["subject"]
    assert abs((datetime.fromisoformat(mail["date"]) - row["created_at"]).total_seconds()) < 1


def test_the_message_id_is_made_of_the_message_so_that_a_doubled_mail_can_be_told(clean: Site, mailbox: Mailbox) -> None:
    write_to(clean, "a@example.com")
    first = the_mail(mailbox)["headers"]["message-id"]
    row = message(clean, "a@example.com")
    with clean.session("notify") as session:
        assert first == message_id_of(session.get_one(Message, row["id"]), load(Settings))
    mailbox.empty()
    clean.run("update notify.message set state = 'created'")  # an operator sends it again
    make_due(clean)
    assert the_mail(mailbox)["headers"]["message-id"] == first


def test_a_mail_is_made_of_the_version_in_use_and_its_row_says_which(
    clean: Site, mailbox: Mailbox, post_office: TestClient
) -> None:
    new = {"subject": "【到達】((name))", "body": "# 到達\n\n((link))\n", "version": 0}
    assert post_office.put("/v1/templates/arrived", json=new, headers=bearer(clean.an_operator())).status_code == 200
    write_to(clean, "a@example.com")
    assert the_mail(mailbox)["subject"] == "【到達】窓口 花子"
    assert message(clean, "a@example.com")["template_version"] == 1


def test_english_for_those_who_want_it(clean: Site, mailbox: Mailbox) -> None:
    write_to(clean, "h@example.org", name="Hanako", language="en")
    mail = the_mail(mailbox)
    assert mail["headers"]["content-language"] == "en"
    assert (mail["subject"] + mail["text"]).isascii()


INJECTIONS = [
    "Hanako\r\nBcc: all@example.com",
    "Hanako\nBcc: all@example.com\n\nAnother text",
    "Hanako\r\n\r\n<script>",
    'Hanako" <all@example.com>, "',
    "Hanako\u2028Bcc: all@example.com",
    "((link)) ((secret))",
]


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_name_puts_no_header_and_no_recipient_into_a_mail(clean: Site, mailbox: Mailbox, name: str) -> None:
    write_to(clean, "a@example.com", name=name)
    mail = the_mail(mailbox)
    assert mail["envelope"]["to"] == ["a@example.com"]
    assert [one["address"] for one in mail["to"]] == ["a@example.com"]
    assert not mail["cc"]
    assert not {"bcc", "cc"} & mail["headers"].keys()
    assert mail["subject"] == "【受付】後援名義の使用承認申請（到達番号 A1）"


def test_a_number_with_a_line_break_stays_in_the_subject(clean: Site, mailbox: Mailbox) -> None:
    write_to(clean, "a@example.com")
    with clean.session("notify") as session:
        one = session.exec(select(Message)).one()
        one.filling = one.filling | {"arrival_number": "A1\r\nBcc: all@example.com"}
        session.add(one)
        session.commit()
    mail = the_mail(mailbox)
    assert "bcc" not in mail["headers"]
    assert mail["subject"].endswith("A1 Bcc: all@example.com）")


def test_a_sign_in_link_is_made_when_it_is_sent_and_lies_in_no_table(clean: Site, mailbox: Mailbox) -> None:
    link = a_link()
    tell(clean, link)
    mail = the_mail(mailbox)
    secret = link_secret(SecretStr(clean.environment["MADOGUCHI_SECRET_KEY"]), link.link_id)
    assert f"http://127.0.0.1:8000/sign-in/open?link={link.link_id}&secret={secret}" in mail["text"]
    for table in ("notify.message", "bus.event", "bus.delivery"):
        assert secret not in str(clean.rows(f"select * from {table}"))


def test_a_refusal_says_its_reasons_and_how_to_appeal(clean: Site, mailbox: Mailbox) -> None:
    tell(clean, decided(decision="refuse", reasons="It is a sale.", appeal="You may appeal."), service="review")
    mail = the_mail(mailbox)
    assert "It is a sale.\n\nYou may appeal." in mail["text"]


def test_a_return_lists_what_to_mend(clean: Site, mailbox: Mailbox) -> None:
    tell(clean, returned())
    assert "\n- Mend the period.\n" in the_mail(mailbox)["text"]


def test_an_official_gets_the_way_to_the_case(clean: Site, mailbox: Mailbox) -> None:
    event = opened()
    tell(clean, event, service="review")
    assert f"http://127.0.0.1:8000/desk/cases/{event.case_id}" in the_mail(mailbox)["text"]


def test_every_template_is_there_in_both_languages() -> None:
    names = [path.name.split(".")[:2] for path in TEMPLATES.glob("*.txt")]
    assert {name for name, _ in names} >= {"arrived", "returned", "decided", "sign-in"}
    for name, _ in names:
        assert {language for one, language in names if one == name} == {"ja", "en"}


def test_a_template_that_lacks_a_value_is_an_error_not_a_hole() -> None:
    with pytest.raises(MissingPlaceholders) as lacks:
        render("arrived", "ja", {"name": "x"})
    assert lacks.value.names == ("procedure", "arrival_number", "receipt_number", "arrived_at", "link")
