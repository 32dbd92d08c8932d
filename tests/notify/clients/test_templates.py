"""Templates as clients read them, and what they would say."""

from __future__ import annotations

import pytest
from notifications_python_client.errors import HTTPError

from tests.notify.clients.parts import WELCOME, Office, refusal

VALUES = {"name": "花子 <b>", "number": "A-1"}


def test_templates_are_read_with_their_versions_and_what_they_ask_for(office: Office) -> None:
    client, template = office.client(), str(office.templates["email"])
    assert {one["type"] for one in client.get_all_templates()["templates"]} == {"email", "sms", "letter"}
    assert [one["id"] for one in client.get_all_templates("email")["templates"]] == [template]
    assert office.version("email", "((First name)) さん", "二つ目") == 2
    newest = client.get_template(template)
    assert (newest["version"], newest["subject"], newest["body"]) == (2, "二つ目", "((First name)) さん")
    assert newest["personalisation"] == {"First name": {"required": True}}
    assert newest["created_by"] == "運用 次郎"
    first = client.get_template_version(template, 1)
    assert (first["version"], first["body"]) == (1, WELCOME)
    assert client.get_template(str(office.templates["sms"]))["subject"] is None
    assert [one["version"] for one in client.get_all_template_versions(template)["data"]] == [2, 1]
    for missing in ((template, 3), ("00000000-0000-4000-8000-000000000000", 1)):
        with pytest.raises(HTTPError) as caught:
            client.get_template_version(*missing)
        assert refusal(caught.value) == (404, "NoResultFound", "No result found")


def test_a_message_keeps_the_version_it_was_accepted_with(office: Office) -> None:
    client, template = office.client(), str(office.templates["email"])
    sent = client.send_email_notification("a@example.com", template, {"NAME": "花子", "Number": 5})
    office.version("email", "anything else", "else")
    seen = client.get_notification_by_id(sent["id"])
    assert (seen["body"], seen["template"]["version"]) == ("こんにちは 花子 さん。受付番号は 5 です。", 1)


def test_a_preview_says_what_would_be_sent(office: Office) -> None:
    client, template = office.client(), str(office.templates["email"])
    shown = client.post_template_preview(template, VALUES)
    assert shown["body"] == "こんにちは 花子 <b> さん。受付番号は A-1 です。"
    assert shown["subject"] == "お知らせ A-1"
    assert "花子 &lt;b&gt; さん" in shown["html"]
    sms = client.post_template_preview(str(office.templates["sms"]), VALUES)
    assert (sms["html"], sms["subject"], sms["body"]) == (None, None, shown["body"])
    with pytest.raises(HTTPError) as caught:
        client.post_template_preview(template, {})
    assert refusal(caught.value) == (400, "BadRequestError", "Missing personalisation: number, name")


def test_no_text_message_ever_came_in(office: Office) -> None:
    assert office.client().get_received_texts()["received_text_messages"] == []
    assert list(office.client().get_received_texts_iterator()) == []
