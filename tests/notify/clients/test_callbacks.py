"""Clients hear how their messages got on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from services.notify.channels.http import Reach
from services.notify.clients import callbacks
from services.notify.models import Client
from services.notify.settings import Settings
from shared.problems import Invalid
from tests.notify.channels.parts import call, permissive
from tests.notify.channels.receiver import Receiver, receiving
from tests.notify.clients.parts import Office
from tests.notify.parts import send
from tests.notify.smtp import moody_server
from tests.site import bearer

TOKEN = "a-token-of-the-client"
VALUES = {"name": "花子", "number": "A-1"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings under which a receiver on this machine may be called."""
    return permissive(monkeypatch)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The client's own server."""
    with receiving() as made:
        yield made


def called_back(office: Office, settings: Settings, url: str) -> None:
    with office.site.session("notify") as session:
        client = session.get_one(Client, office.id)
        callbacks.set_callback(session, settings.secret_key, Reach.of(settings), client, url=url, token=TOKEN)
        session.commit()


def hear(receiver: Receiver, settings: Settings) -> dict[str, Any]:
    """What the client hears, by its messages' ids."""
    from services.notify.tasks import call_clients_back

    call_clients_back()
    call(settings)
    heard = [json.loads(one.body) for one in receiver.taken]
    assert all(one.headers["authorization"] == f"Bearer {TOKEN}" for one in receiver.taken)
    receiver.taken.clear()
    return {one["id"]: one for one in heard}


def test_a_client_hears_what_became_of_each_message(office: Office, receiver: Receiver, settings: Settings) -> None:
    client, template = office.client(), str(office.templates["email"])
    unheard = client.send_email_notification("earlier@example.com", template, VALUES)["id"]
    office.site.run("update notify.message set state = 'sent', sent_at = now()")  # before there was a callback
    called_back(office, settings, receiver.url())
    sent = {
        to: client.send_email_notification(f"{to}@example.com", template, VALUES, reference=to)["id"] for to in ("a", "never")
    }
    assert hear(receiver, settings) == {}
    with moody_server() as (url, _):
        send(url)
    heard = hear(receiver, settings)
    assert {one["reference"]: one["status"] for one in heard.values()} == {"a": "delivered", "never": "permanent-failure"}
    told = heard[sent["a"]]
    assert told["to"] == "a@example.com"
    assert (told["notification_type"], told["template_id"], told["template_version"]) == ("email", template, 1)
    assert datetime.fromisoformat(told["sent_at"]) >= datetime.fromisoformat(told["created_at"])
    office.site.run("update notify.message set state = 'bounced' where reference = 'a'")  # a bounce came in later
    assert {one["status"] for one in hear(receiver, settings).values()} == {"permanent-failure"}
    assert hear(receiver, settings) == {}
    assert unheard not in heard
    test = office.client("test")
    ended = test.send_email_notification("x@example.com", template, VALUES)["id"]
    assert hear(receiver, settings)[ended]["status"] == "delivered"


def test_a_callback_that_is_refused_is_tried_again_and_its_token_lies_sealed(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    called_back(office, settings, receiver.url("/500"))
    office.client("test").send_email_notification("x@example.com", str(office.templates["email"]), VALUES)
    assert len(hear(receiver, settings)) == 1
    rows = office.site.rows("select state, template from notify.message where channel = 'webhook'")
    assert rows == [{"state": "deferred", "template": "delivery-receipt"}]
    for table in ("notify.webhook", "notify.message", "notify.client", "notify.attempt"):
        assert TOKEN not in str(office.site.rows(f"select * from {table}"))


def test_an_address_within_the_house_is_no_callback(office: Office, settings: Settings) -> None:
    secret_key = SecretStr(office.site.environment["MADOGUCHI_SECRET_KEY"])
    with office.site.session("notify") as session:
        client = session.get_one(Client, office.id)
        with pytest.raises(Invalid) as caught:
            callbacks.set_callback(session, secret_key, Reach(), client, url="https://10.0.0.1/", token="x")
        assert [error.pointer for error in caught.value.errors] == ["/url", "/token"]
    assert settings.plain_http


def test_an_operator_sets_and_ends_a_callback(office: Office, post_office: TestClient) -> None:
    headers = bearer(office.site.an_operator()) | {"accept": "text/html", "sec-fetch-site": "same-origin"}
    page = f"/notify/clients/{office.id}/callback"
    shown = post_office.post(page, data={"url": "https://client.example.jp/receipts", "token": TOKEN}, headers=headers)
    assert "https://client.example.jp/receipts" in shown.text
    assert TOKEN not in shown.text
    assert post_office.post(page, data={"url": "http://127.0.0.1/", "token": TOKEN}, headers=headers).status_code == 422
    assert office.site.value("select count(*) from notify.webhook where kind = 'client'") == 1
    post_office.post(page, data={"url": ""}, headers=headers)
    assert office.site.value("select count(*) from notify.webhook") == 0
