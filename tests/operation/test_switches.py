"""Each switch that is off closes its feature with a clear answer, and opens it again; each turn is noted with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.notify.sending.claims import claim
from shared.operation import switches
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid, NotFound
from tests.notify.operating.parts import some_messages
from tests.site import DENKI, KOEN, Site, bearer, engine_at, example

ENGLISH = {"accept-language": "en"}
ANYBODY = Operator(None, "somebody")
Turn = Callable[..., None]


@pytest.fixture
def turn(clean: Site, counter: TestClient, desk: TestClient, post_office: TestClient) -> Iterator[Turn]:
    """Turns a switch, and lets every application know of it at once."""
    apps = (counter, desk, post_office)

    def forget() -> None:
        for client in apps:
            client.app.state.switches.forget()  # type: ignore[attr-defined]

    def turned(name: str, *, on: bool) -> None:
        with Session(clean.operator) as session:
            switches.turn(session, ANYBODY, name, on=on, reason="Maintenance")
            session.commit()
        forget()

    forget()
    yield turned
    clean.run("delete from operation.switch")
    forget()


def test_closed_filing_is_503_with_a_date_to_try_again_and_the_pages_say_so(turn: Turn, clean: Site, counter: TestClient) -> None:
    key = bearer(clean.an_applicant()) | ENGLISH
    turn("filing", on=False)
    refused = counter.post("/v1/applications", json=example(DENKI), headers=key)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, str(switches.RETRY_AFTER))
    assert refused.json()["detail"] == "Filing is closed for maintenance. Nothing was filed; drafts stay. Try again later."
    page = counter.get("/", headers={"accept": "text/html", **ENGLISH}).text
    assert "Drafts can be written, and stay." in page
    assert counter.post("/v1/drafts", json={"procedure": KOEN}, headers=key).status_code == 201
    assert clean.value("select count(*) from intake.application") == 0
    turn("filing", on=True)
    assert counter.post("/v1/applications", json=example(DENKI), headers=key).status_code == 202
    assert [(one["act"], one["reason"]) for one in clean.rows("select * from operation.act order by id")] == [
        ("switch.off", "Maintenance"),
        ("switch.on", "Maintenance"),
    ]


def test_while_links_are_closed_only_operators_get_one_and_the_answer_is_the_same(
    turn: Turn, clean: Site, counter: TestClient
) -> None:
    clean.an_operator()
    clean.an_applicant()
    turn("sign-in-links", on=False)
    headers = {"accept": "text/html", **ENGLISH, "origin": "http://testserver"}
    assert "Operators still get a link." in counter.get("/sign-in", headers=headers).text
    answers = [
        counter.post("/sign-in", data={"email": email}, headers=headers)
        for email in ("operator@example.go.jp", "applicant@example.com", "nobody@example.com")
    ]
    assert {answer.status_code for answer in answers} == {503}
    assert len({answer.text for answer in answers}) == 1
    assert clean.value("select count(*) from identity.sign_in_link") == 1


def test_what_else_is_closed_says_so_in_the_shape_its_callers_read(
    turn: Turn, clean: Site, counter: TestClient, desk: TestClient, post_office: TestClient
) -> None:
    owner, official = (bearer(key) | ENGLISH for key in (clean.an_applicant(), clean.a_reviewer("kinki-bureau")))
    asked: tuple[tuple[str, Callable[[], httpx.Response], int], ...] = (
        ("registration", lambda: counter.get("/register", headers=ENGLISH), 200),
        ("clients", lambda: post_office.get("/notify/v2/notifications", headers=ENGLISH), 401),
        ("webhooks", lambda: post_office.get("/v1/webhooks", headers=owner), 200),
        ("exports", lambda: desk.post("/v1/jobs/exports", json={"format": "csv"}, headers=official), 202),
    )
    for name, ask, status in asked:
        assert ask().status_code == status, name
        turn(name, on=False)
        refused = ask()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, str(switches.RETRY_AFTER)), name
        assert switches.SWITCHES[name].told in refused.text, name
        turn(name, on=True)
    assert post_office.get("/notify/v2/notifications").json()["status_code"] == 401


def test_a_switch_is_turned_with_a_reason_and_only_where_it_changes_something(clean: Site) -> None:
    with Session(clean.operator) as session:
        for name, on, reason, refused in (
            ("filing", False, "", Invalid),
            ("filing", True, "It is", Conflict),
            ("nothing", False, "It is not", NotFound),
        ):
            with pytest.raises(refused):
                switches.turn(session, ANYBODY, name, on=on, reason=reason)


def test_a_process_knows_of_a_change_within_five_seconds_and_asks_once_meanwhile(
    clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = switches.Switches(clean.operator)
    assert known.at_hand("filing") is None
    assert known.on("filing")
    clean.run("insert into operation.switch (name, \"on\") values ('filing', false)")
    assert known.at_hand("filing") is True
    later = time.monotonic() + switches.CACHED
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not known.on("filing")


def test_while_webhooks_are_closed_none_is_called_and_nobody_is_alarmed(turn: Turn, clean: Site, post_office: TestClient) -> None:
    some_messages(clean, [{"channel": one, "state": "created"} for one in ("webhook", "email")])
    clean.run("update notify.message set next_attempt_at = now() - interval '1 hour' where channel = 'webhook'")
    turn("webhooks", on=False)
    engine = engine_at(clean.url("madoguchi_notify"))
    assert claim(engine, "webhook", 10)[0] == []
    assert len(claim(engine, "email", 10)[0]) == 1
    assert post_office.get("/health/ready").json()["parts"]["messages"]["ok"]
    turn("webhooks", on=True)
    assert len(claim(engine, "webhook", 10)[0]) == 1
