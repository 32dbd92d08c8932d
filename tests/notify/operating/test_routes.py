"""The post's API for operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from services.notify.messages.hashing import hash_some
from services.notify.settings import Settings
from shared.settings import load
from tests.notify.operating.parts import a_message, acts_of, some_messages, state_of
from tests.notify.parts import message, send, write_to
from tests.notify.smtp import moody_server
from tests.site import Site, bearer


@pytest.fixture
def operator(clean: Site, post_office: TestClient) -> Iterator[TestClient]:
    """The post, as an operator calls it."""
    post_office.headers.update(bearer(clean.an_operator()))
    yield post_office
    post_office.headers.pop("authorization")


def test_a_message_shows_every_try_what_can_be_done_and_who_looked(clean: Site, operator: TestClient) -> None:
    with moody_server() as (url, _):
        write_to(clean, "never@example.com")
        send(url)
    one = message(clean, "never@example.com")["id"]
    answer = operator.get(f"/v1/messages/{one}")
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert (shown["recipient"], shown["state"], shown["possible"]) == ("never@example.com", "failed", ["resend"])
    (only,) = shown["tries"]
    assert (only["outcome"], only["answer"], only["server"]) == ("failed", "550 5.1.1 never", "127.0.0.1")
    operator.get(f"/v1/messages/{one}")
    assert acts_of(clean, one) == [("message.shown", "運用 太郎", "")]  # who reloads has looked once
    sent = {"step": "resend", "reason": "宛先が直った"}
    again = operator.post(f"/v1/messages/{one}/steps", json=sent)
    assert (again.json()["state"], again.json()["acts"][0]["reason"]) == ("created", "宛先が直った")
    assert operator.post(f"/v1/messages/{one}/steps", json=sent).status_code == 409
    assert operator.post(f"/v1/messages/{one}/steps", json=sent | {"reason": "a\0"}).status_code == 422
    assert operator.post(f"/v1/messages/{uuid4()}/steps", json=sent).status_code == 404


def test_a_recipient_is_searched_for_by_its_hash_which_old_messages_get_too(clean: Site, operator: TestClient) -> None:
    one = a_message(clean, recipient="Hanako@example.com")
    a_message(clean, recipient="other@example.com")
    asked = {"recipient": " hanako@EXAMPLE.com"}
    assert operator.post("/v1/messages/search", json=asked).json() == []
    with clean.session("notify") as session:
        assert not hash_some(session.get_bind(), load(Settings).secret_key)  # type: ignore[arg-type] # it is an engine
    (found,) = operator.post("/v1/messages/search", json=asked).json()
    assert (found["id"], found["recipient"]) == (str(one), "H…o@example.com")
    assert clean.value("select count(*) from notify.message where recipient_hash is null") == 0


def test_many_are_counted_first_and_done_then(clean: Site, operator: TestClient) -> None:
    rows: list[Any] = [{"state": "unknown"}] * 3 + [{"state": "failed"}]
    ids = some_messages(clean, rows)
    asked: dict[str, Any] = {"step": "release", "filter": {"state": "unknown"}}
    assert operator.post("/v1/messages/steps", json=asked).json()["count"] == 0
    asked["checked"] = True
    told = operator.post("/v1/messages/steps", json=asked).json()
    assert told == {"done": False, "count": 3, "more": False, "newest": str(ids[2])}
    go = asked | {"newest": told["newest"], "most": told["count"]}
    assert operator.post("/v1/messages/steps", json=go).status_code == 422  # no reason
    assert operator.post("/v1/messages/steps", json=go | {"reason": "ログで確認"}).json()["count"] == 3
    assert [state_of(clean, one) for one in ids] == ["sent"] * 3 + ["failed"]


def test_a_stopped_channel_sends_nothing_until_it_goes_again(clean: Site, operator: TestClient) -> None:
    write_to(clean, "a@example.com")
    assert operator.post("/v1/channels/email", json={"action": "pause"}).status_code == 422
    why = {"reason": "サーバーの保守"}
    assert operator.post("/v1/channels/email", json={"action": "pause"} | why).status_code == 204
    assert operator.post("/v1/channels/email", json={"action": "pause"} | why).status_code == 409
    email = operator.get("/v1/channels").json()[0]
    assert (email["waiting"], email["paused_by"], email["reason"]) == (1, "運用 太郎", "サーバーの保守")
    with moody_server() as (url, _):
        assert send(url) == 0
        assert operator.post("/v1/channels/email", json={"action": "resume"} | why).status_code == 204
        assert send(url) == 1
    assert operator.post("/v1/channels/fax", json={"action": "pause"} | why).status_code == 422
    acts = clean.rows("select act, details ->> 'channel' as channel from operation.act order by id")
    assert [(row["act"], row["channel"]) for row in acts] == [("channel.paused", "email"), ("channel.resumed", "email")]


def test_it_is_for_operators_only(clean: Site, post_office: TestClient) -> None:
    one = a_message(clean, "failed")
    key = bearer(clean.a_reviewer("kinki-bureau"))
    step = {"step": "resend", "reason": "x"}
    calls: list[tuple[str, str, Any]] = [
        ("get", f"/v1/messages/{one}", None),
        ("post", f"/v1/messages/{one}/steps", step),
        ("post", "/v1/messages/steps", step | {"filter": {}}),
        ("post", "/v1/messages/search", {}),
        ("get", "/v1/channels", None),
        ("post", "/v1/channels/email", {"action": "pause", "reason": "x"}),
    ]
    for method, path, body in calls:
        assert post_office.request(method, path, json=body, headers=key).status_code == 403
        assert post_office.request(method, path, json=body).status_code == 401
    assert state_of(clean, one) == "failed"
