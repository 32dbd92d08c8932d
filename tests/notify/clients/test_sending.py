"""The published client of GOV.UK Notify, as it is, sends through the post."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from notifications_python_client.errors import HTTPError

from shared.problems import Invalid
from tests.machine import Machine, Mailbox
from tests.notify.clients.parts import Office, refusal
from tests.notify.parts import send

VALUES = {"name": "花子", "number": "A-1"}


@pytest.fixture(scope="module")
def mailbox(machine: Machine) -> Mailbox:
    """Where the mails arrive."""
    return machine.mailbox()


def test_a_mail_that_a_client_sends_arrives_and_its_client_sees_how_it_stands(office: Office, mailbox: Mailbox) -> None:
    client = office.client()
    sent = client.send_email_notification("hanako@example.com", str(office.templates["email"]), VALUES, reference="R-1")
    text = "こんにちは 花子 さん。受付番号は A-1 です。"
    content = {
        "body": text,
        "subject": "お知らせ A-1",
        "from_email": "no-reply@madoguchi.example",
        "one_click_unsubscribe_url": None,
    }
    assert sent["content"] == content
    assert sent["reference"] == "R-1"
    assert sent["uri"].endswith(f"/notify/v2/notifications/{sent['id']}")
    assert sent["template"]["id"] == str(office.templates["email"])
    assert sent["template"]["version"] == 1
    assert client.get_notification_by_id(sent["id"])["status"] == "created"
    assert send(mailbox.smtp_url) == 1
    (mail,) = mailbox.to("hanako@example.com")
    assert mail["subject"] == "お知らせ A-1"
    assert mail["text"].strip() == text
    assert mail["from"] == [{"address": "no-reply@madoguchi.example", "name": "建築課"}]
    seen = client.get_notification_by_id(sent["id"])
    assert seen["status"] == "delivered"
    assert (seen["body"], seen["subject"], seen["email_address"]) == (text, "お知らせ A-1", "hanako@example.com")
    assert seen["sent_at"] > seen["created_at"]


def test_a_mail_has_the_address_for_answers_and_the_way_out_that_its_client_named(office: Office, mailbox: Mailbox) -> None:
    from services.notify.clients.clients import add_reply_to
    from services.notify.models import Client

    with office.site.session("notify") as session:
        client = session.get_one(Client, office.id)
        add_reply_to(client, "first@example.jp")
        with pytest.raises(Invalid):
            add_reply_to(client, "first@example.jp\n")
        second = add_reply_to(client, "second@example.jp")
        session.commit()
    api, template, url = office.client(), str(office.templates["email"]), "https://example.jp/out?x=1"
    api.send_email_notification("a@example.com", template, VALUES)
    api.send_email_notification("b@example.com", template, VALUES, email_reply_to_id=str(second), one_click_unsubscribe_url=url)
    assert send(mailbox.smtp_url) == 2
    assert mailbox.to("a@example.com")[0]["headers"]["reply-to"] == "first@example.jp"
    headers = mailbox.to("b@example.com")[0]["headers"]
    assert headers["reply-to"] == "second@example.jp"
    assert headers["list-unsubscribe"] == f"<{url}>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    unknown = str(uuid4())
    with pytest.raises(HTTPError) as caught:
        api.send_email_notification("a@example.com", template, VALUES, email_reply_to_id=unknown)
    said = f"email_reply_to_id {unknown} does not exist in database for service id {office.id}"
    assert refusal(caught.value) == (400, "BadRequestError", said)


def test_a_value_called_path_or_link_id_makes_no_link_of_the_house(office: Office, mailbox: Mailbox) -> None:
    office.version("email", "((link)) ((path)) ((link_id))", "x")
    values = {"link": "L", "path": "/sign-in", "link_id": str(uuid4())}
    office.client().send_email_notification("links@example.com", str(office.templates["email"]), values)
    assert send(mailbox.smtp_url) == 1
    assert mailbox.to("links@example.com")[0]["text"].strip() == f"L /sign-in {values['link_id']}"


def test_addresses_are_taken_out_of_the_values_that_the_client_names(office: Office) -> None:
    values = {"name": ["花子 https://evil.example/x?y", "WWW.evil.example 太郎"], "number": "https://good.example"}
    template = str(office.templates["email"])
    sent = office.client().send_email_notification("a@example.com", template, values, sanitise_content_for=["Name"])
    body = sent["content"]["body"]
    assert "\n- 花子\n- 太郎\n" in body
    assert "https://good.example" in body
    assert "evil" not in body + str(office.site.rows("select filling from notify.message"))


def test_messages_are_listed_page_by_page_and_by_reference_type_and_status(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.clients.notifications.PAGE", 2)
    client = office.client()
    template = str(office.templates["email"])
    ids = [client.send_email_notification(f"{n}@example.com", template, VALUES, reference=f"R{n}")["id"] for n in range(5)]
    text = client.send_sms_notification("090-1234-5678", str(office.templates["sms"]), VALUES)
    assert text["content"] == {"body": "こんにちは 花子 さん。受付番号は A-1 です。", "from_number": "建築課"}
    found = client.get_all_notifications()
    assert [one["id"] for one in found["notifications"]] == [text["id"], ids[4]]
    assert found["notifications"][0]["phone_number"] == "09012345678"
    older = client.get_all_notifications(older_than=ids[1])
    assert [one["id"] for one in older["notifications"]] == [ids[0]]
    every = [one["id"] for one in client.get_all_notifications_iterator(template_type="email", status="created")]
    assert every == ids[::-1]
    assert [one["id"] for one in client.get_all_notifications(reference="R2")["notifications"]] == [ids[2]]
    assert client.get_all_notifications(status=["delivered", "failed"])["notifications"] == []
    assert client.get_all_notifications(include_jobs=True)["notifications"]
    with pytest.raises(HTTPError) as caught:
        client.get_all_notifications(status="lost")
    assert refusal(caught.value)[:2] == (400, "ValidationError")


def test_a_client_sees_neither_messages_nor_templates_of_another(office: Office) -> None:
    other = Office.opened(office.site, office.url, "道路課")
    sent = office.client().send_email_notification("a@example.com", str(office.templates["email"]), VALUES)
    client = other.client()
    assert client.get_all_notifications()["notifications"] == []
    for call in (client.get_notification_by_id, client.get_template):
        with pytest.raises(HTTPError) as caught:
            call(sent["id"] if call == client.get_notification_by_id else str(office.templates["email"]))
        assert refusal(caught.value) == (404, "NoResultFound", "No result found")
    with pytest.raises(HTTPError) as caught:
        client.send_email_notification("a@example.com", str(office.templates["email"]), VALUES)
    assert refusal(caught.value) == (400, "BadRequestError", "Template not found")


PLAIN = "personalisation 'n' must be a text, a number, true or false, or a list of them"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"email_address": "nobody"}, "ValidationError", "email_address Not a valid email address"),
    ({"email_address": "a@example.com\r\nBcc: b@example.com"}, "ValidationError", "email_address Not a valid email address"),
    ({"email_address": None}, "ValidationError", "email_address None is not of type string"),
    ({"template_id": "5"}, "ValidationError", "template_id is not a valid UUID"),
    ({"personalisation": "x"}, "ValidationError", "personalisation x is not of type object"),
    ({"personalisation": {"name": "花子"}}, "BadRequestError", "Missing personalisation: number"),
    ({"personalisation": {"n": "\0"}}, "ValidationError", "personalisation must not contain the null character"),
    *[({"personalisation": VALUES | {"n": wrong}}, "ValidationError", PLAIN) for wrong in ("\ud800", 2**64, float("nan"), [[1]])],
    ({"nonsense": 1}, "ValidationError", "Additional properties are not allowed (nonsense was unexpected)"),
    ({"one_click_unsubscribe_url": "http://x.jp"}, "ValidationError", "one_click_unsubscribe_url is not a valid https url"),
    ({"scheduled_for": "2020-01-01T00:00:00"}, "ValidationError", "scheduled_for datetime can not be in the past"),
]


@pytest.mark.parametrize(("change", "kind", "text"), WRONG)
def test_what_is_wrong_with_a_mail_is_said_in_their_words(office: Office, change: dict[str, Any], kind: str, text: str) -> None:
    body = {"email_address": "a@example.com", "template_id": str(office.templates["email"]), "personalisation": VALUES}
    with pytest.raises(HTTPError) as caught:
        office.client().post("/v2/notifications/email", body | change)
    assert refusal(caught.value) == (400, kind, text)
    assert office.site.value("select count(*) from notify.message") == 0


def test_a_template_of_another_kind_an_unknown_one_and_one_that_says_too_much_are_refused(office: Office) -> None:
    client = office.client()
    with pytest.raises(HTTPError) as caught:
        client.send_sms_notification("09012345678", str(office.templates["email"]), VALUES)
    assert refusal(caught.value) == (400, "BadRequestError", "email template is not suitable for sms notification")
    with pytest.raises(HTTPError) as caught:
        client.send_sms_notification("09012345678", str(uuid4()), VALUES)
    assert refusal(caught.value) == (400, "BadRequestError", "Template not found")
    with pytest.raises(HTTPError) as caught:
        client.send_sms_notification("09012345678", str(office.templates["sms"]), VALUES | {"name": "x" * 900})
    assert refusal(caught.value)[2].startswith("Text messages cannot be longer than 670 characters. Your message is 92")
    with pytest.raises(HTTPError) as caught:
        client.send_sms_notification("call me", str(office.templates["sms"]), VALUES)
    assert refusal(caught.value) == (400, "ValidationError", "phone_number Must not contain letters or symbols")
    with pytest.raises(HTTPError) as caught:
        client.send_sms_notification("0999999999999", str(office.templates["sms"]), VALUES)
    assert refusal(caught.value) == (400, "ValidationError", "phone_number Not a valid phone number")
    with pytest.raises(HTTPError) as caught:
        client.post("/v2/notifications/email", {"reference": "x" * 2_000_000})
    assert refusal(caught.value)[0] == 413
