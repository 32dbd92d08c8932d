"""Officials edit texts: rights, versions, letterheads, previews, lint, and what messages are made of."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlmodel import Session

from services.notify.editing import kinds
from services.notify.editing.linting import lint, lint_shipped
from services.notify.models import Message
from services.notify.settings import Settings
from services.notify.telling.table import TOLD
from services.notify.wording.rendering import Wordings, keys, shipped
from shared.settings import load
from tests.notify.parts import a_link, tell, write_to
from tests.site import Site, bearer

ARRIVED = "/v1/templates/arrived"
NEW = {"subject": "【到達】((procedure))", "body": "((name)) 様\n\n- ((receipt_number))\n\n((link))\n", "version": 0}


@pytest.fixture(scope="module", autouse=True)
def procedures(site: Site) -> None:
    """The post has heard of the shipped procedures."""
    site.deliver_all()


def said(site: Site) -> tuple[Any, Message]:
    """What the one message says now, in a process that knows nothing yet."""
    with Session(site.owner) as session:
        (row,) = site.rows("select id from notify.message")
        message = session.get_one(Message, row["id"])
        return Wordings(site.owner, load(Settings)).render(message), message


def test_an_operator_writes_a_text_and_messages_are_made_of_it(clean: Site, post_office: TestClient) -> None:
    key = bearer(clean.an_operator())
    write_to(clean, "a@example.com")
    assert said(clean)[0].subject.startswith("【受付】")
    assert post_office.put(ARRIVED, json=NEW, headers=key).json()["version"] == 1
    text, message = said(clean)
    assert (text.subject, message.template_version) == ("【到達】後援名義の使用承認申請", 1)
    assert "<li" in text.html
    # somebody who saw the text before that would undo it
    assert post_office.put(ARRIVED, json=NEW, headers=key).status_code == 409
    post_office.put(ARRIVED, json=NEW | {"subject": "二", "version": 1}, headers=key)
    restored = post_office.post(f"{ARRIVED}/versions/1/restore", json={"version": 2}, headers=key).json()
    assert (restored["subject"], restored["version"]) == (NEW["subject"], 3)
    assert post_office.post(f"{ARRIVED}/shipped", json={"version": 3}, headers=key).json()["own"] is False
    text, message = said(clean)
    assert text.subject.startswith("【受付】")
    assert message.template_version is None
    versions = post_office.get(f"{ARRIVED}/versions", headers=key).json()
    assert [(one["version"], one["act"], one["created_by"]) for one in versions] == [
        (4, "put-back", "運用 太郎"),
        (3, "restored", "運用 太郎"),
        (2, "written", "運用 太郎"),
        (1, "written", "運用 太郎"),
    ]
    acts = clean.rows("select act, name from operation.act where act like 'text.%' order by id desc limit 4")
    assert [one["act"] for one in acts] == ["text.put-back", "text.restored", "text.written", "text.written"]


def test_a_text_for_a_procedure_goes_before_one_for_all_in_running_processes_too(clean: Site, post_office: TestClient) -> None:
    key = bearer(clean.an_operator())
    write_to(clean, "a@example.com")
    wordings = Wordings(clean.owner, load(Settings))
    with Session(clean.owner) as session:
        message = session.get_one(Message, clean.value("select id from notify.message"))
        assert wordings.render(message).subject.startswith("【受付】")
        post_office.put(ARRIVED, json=NEW | {"subject": "すべて"}, headers=key)
        wordings.forget()
        assert wordings.render(message).subject == "すべて"
        post_office.put(f"{ARRIVED}?procedure=koen-meigi", json=NEW | {"subject": "後援"}, headers=key)
        wordings.forget()
        assert wordings.render(message).subject == "後援"
        # a message made before there was what the new version wants is sent with the shipped text
        message.filling = {name: value for name, value in message.filling.items() if name != "receipt_number"}
        clean.run("update notify.template_version set body = '((code))'")
        wordings.forget()
        message.filling |= {"receipt_number": "R1"}
        assert wordings.render(message).subject.startswith("【受付】")


def test_while_the_database_is_away_what_is_known_is_sent_and_nothing_fails_for_it(clean: Site) -> None:
    from services.notify.channels.carrier import Unreachable
    from services.notify.channels.email.smtp import SmtpCarrier

    write_to(clean, "a@example.com")
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", connect_args={"connect_timeout": 1})
    settings = load(Settings)
    with Session(clean.owner) as session:
        message = session.get_one(Message, clean.value("select id from notify.message"))
        with pytest.raises(Unreachable):
            SmtpCarrier(settings, Wordings(away, settings)).carry(message, lambda: True)
        wordings = Wordings(clean.owner, settings)
        known = wordings.render(message)
        wordings._engine = away
        wordings.forget()
        assert wordings.render(message) == known


def test_managers_and_editors_write_for_the_procedures_of_their_groups_and_nobody_else_does(
    clean: Site, post_office: TestClient
) -> None:
    boss = bearer(clean.a_reviewer("public-relations", email="boss@example.go.jp", duties=["manager"]))
    writer = bearer(clean.a_reviewer("public-relations", email="writer@example.go.jp", duties=["editor"]))
    other = bearer(clean.a_reviewer("grants", email="other@example.go.jp", duties=["manager"]))
    plain = bearer(clean.a_reviewer("public-relations", email="plain@example.go.jp", duties=["examiner"]))
    koen = f"{ARRIVED}?procedure=koen-meigi"
    assert post_office.put(koen, json=NEW, headers=boss).status_code == 200
    assert post_office.put(koen, json=NEW | {"version": 1}, headers=writer).status_code == 200
    assert post_office.put(koen, json=NEW | {"version": 2}, headers=other).status_code == 403
    assert post_office.put(ARRIVED, json=NEW, headers=boss).status_code == 403
    assert post_office.post(f"{ARRIVED}/shipped?procedure=koen-meigi", json={"version": 2}, headers=other).status_code == 403
    for nobody in (plain, bearer(clean.an_applicant())):
        assert post_office.get(ARRIVED, headers=nobody).status_code == 403
        assert post_office.put(koen, json=NEW | {"version": 2}, headers=nobody).status_code == 403
    assert post_office.get(ARRIVED).status_code == 401
    head = {"header": "**広報** 課", "footer": "代表"}
    assert post_office.put("/v1/letterheads?group=public-relations", json=head, headers=boss).status_code == 200
    for group in ("grants", ""):
        assert post_office.put(f"/v1/letterheads?group={group}", json=head, headers=boss).status_code == 403


def test_a_letterhead_stands_around_the_messages_of_its_office(clean: Site, post_office: TestClient) -> None:
    key = bearer(clean.an_operator())
    write_to(clean, "a@example.com")
    post_office.put("/v1/letterheads", json={"header": "", "footer": "省の代表"}, headers=key)
    assert said(clean)[0].body.endswith("\n\n省の代表\n")
    post_office.put("/v1/letterheads?group=grants", json={"header": "補助金<課>", "footer": "03-0000-0000"}, headers=key)
    clean.run("update notify.message set office = 'grants'")
    text = said(clean)[0]
    assert text.body.startswith("補助金<課>\n\n窓口 花子 様")
    assert text.body.endswith("\n\n03-0000-0000\n")
    assert 'class="letterhead"' in text.html
    assert "補助金&lt;課&gt;" in text.html
    assert post_office.put("/v1/letterheads?group=nobody", json={}, headers=key).status_code == 404


def test_a_preview_shows_samples_or_values_of_a_message_one_may_see_and_no_secret(clean: Site, post_office: TestClient) -> None:
    key = bearer(clean.an_operator())
    asked = {"subject": NEW["subject"], "body": NEW["body"]}
    shown = post_office.post(f"{ARRIVED}/preview", json=asked, headers=key).json()
    assert "R20261125-0000123" in shown["body"]
    write_to(clean, "a@example.com", name="花子<b>")
    message = str(clean.value("select id from notify.message"))
    shown = post_office.post(f"{ARRIVED}/preview", json=asked | {"message_id": message}, headers=key).json()
    assert shown["body"].startswith("花子<b> 様")
    assert "花子&lt;b&gt; 様" in shown["html"]
    assert clean.value("select count(*) from operation.act where act = 'message.shown'") >= 1
    boss = bearer(clean.a_reviewer("grants", email="boss@example.go.jp", duties=["manager"]))
    assert post_office.post(f"{ARRIVED}/preview", json=asked | {"message_id": message}, headers=boss).status_code == 404
    tell(clean, a_link())
    link = str(clean.value("select id from notify.message where template = 'sign-in'"))
    asked = {"subject": "s", "body": "((link))", "message_id": link}
    shown = post_office.post("/v1/templates/sign-in/preview", json=asked, headers=key)
    assert shown.json()["body"].endswith("&secret=***\n")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"body": "((mends))"}, "この種類の通知には次の項目がありません：mends"),
        ({"body": "a\n((name"}, "2行1文字目"),
        ({"subject": " "}, "件名を書いてください"),
        ({"body": "x" * 20_001}, "20000"),
        ({"body": "\0"}, ""),
    ],
)
def test_a_text_that_is_wrong_is_not_saved(clean: Site, post_office: TestClient, changes: dict[str, str], says: str) -> None:
    key = bearer(clean.an_operator()) | {"accept-language": "ja"}
    answer = post_office.put(ARRIVED, json=NEW | changes, headers=key)
    assert answer.status_code == 422
    assert says in answer.text
    assert clean.value("select count(*) from notify.template") == 0


def test_the_lint_sees_what_is_doubtful() -> None:
    found = lint("arrived", "sms", "ja", "", "((name)) 様（" + "あ" * 250 + "{{ name }}")
    assert {one.detail[:30] for one in found} == {
        "With sample values the SMS has",
        "The text does not say ((link))"[:30],
        "There are not as many {opening",
        "Placeholders are written ((nam",
    }


@pytest.mark.parametrize("channel", kinds.CHANNELS)
def test_what_the_house_ships_says_only_what_its_events_carry(channel: kinds.Channel) -> None:
    assert {key: found for key in keys() if (found := lint_shipped(key, channel))} == {}


def test_there_is_a_sample_for_every_name_and_every_kind_has_its_text() -> None:
    told = {one.kind for tellings in TOLD.values() for one in tellings}
    assert told <= set(keys())
    assert {name for tellings in TOLD.values() for one in tellings for name in one.names} <= {*kinds.NAMES, "link_id"}
    for key in keys():
        for language in ("ja", "en"):
            assert shipped(key, language)
            assert kinds.title_of(key, language)
