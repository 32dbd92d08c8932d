"""Sending again, letting count as sent, cancelling: in which states, how many at once, and with which trace."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from services.notify.messages import acts, steps
from services.notify.messages.finding import Filter, found, id_at, listed
from services.notify.models import STATES
from shared.operation import acts as trace
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid
from tests.notify.operating.parts import a_message, acts_of, hash_of, some_messages, state_of
from tests.notify.parts import message, send, write_to
from tests.notify.smtp import moody_server
from tests.site import Site

WHO = Operator(None, "運用 太郎")
# step → state → what becomes of it; with a second one where the operator says that he checked
BECOMES: dict[steps.Step, dict[str, str]] = {
    "resend": {"failed": "created", "bounced": "created", "unknown": "created"},
    "release": {"unknown": "sent"},
    "cancel": {"created": "cancelled", "deferred": "cancelled"},
}


def act(site: Site, step: steps.Step, message_id: UUID, *, checked: bool = False, reason: str = "点検した") -> None:
    with site.session("notify") as session:
        steps.act_on(session, WHO, step, message_id, reason, checked=checked)
        session.commit()


@pytest.mark.parametrize("step", BECOMES)
def test_each_step_is_for_its_states_and_is_noted_with_who_and_why(clean: Site, step: steps.Step) -> None:
    for state in STATES:
        one = a_message(clean, state)
        if state in BECOMES[step]:
            act(clean, step, one, checked=state == "unknown")
            assert state_of(clean, one) == BECOMES[step][state]
            assert acts_of(clean, one) == [(steps.KINDS[step].act, "運用 太郎", "点検した")]
        else:
            with pytest.raises(Conflict):
                act(clean, step, one, checked=True)
            assert (state_of(clean, one), acts_of(clean, one)) == (state, [])


def test_an_unknown_one_goes_nowhere_until_somebody_says_that_he_checked(clean: Site) -> None:
    one = a_message(clean, "unknown")
    for step in ("resend", "release"):
        with pytest.raises(Conflict, match="log"):
            act(clean, step, one)
    with pytest.raises(Invalid):
        act(clean, "release", one, checked=True, reason="  ")
    assert state_of(clean, one) == "unknown"


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_what_a_test_key_wrote_is_never_sent(clean: Site, state: str) -> None:
    one = a_message(clean, state)
    clean.run("update notify.message set key_type = 'test'")
    with pytest.raises(Conflict):
        act(clean, "resend", one, checked=True)
    assert state_of(clean, one) == state


def test_what_is_sent_again_keeps_its_message_id_and_has_all_its_tries(clean: Site) -> None:
    with moody_server() as (url, moody):
        write_to(clean, "never@example.com")
        send(url)
        (before,) = clean.rows("select id, attempts from notify.message")
        assert state_of(clean, before["id"]) == "failed"
        clean.run("update notify.message set recipient = 'fine@example.com', attempts = 12")
        act(clean, "resend", before["id"])
        assert message(clean, "fine@example.com")["attempts"] == 0
        assert send(url) == 1
        first = moody.taken[0][1]
        clean.run("update notify.message set state = 'bounced'")
        act(clean, "resend", before["id"])
        send(url)
        ids = [line for _, content in moody.taken for line in content.splitlines() if line.startswith(b"Message-ID:")]
    assert len(moody.taken) == 2
    assert len(set(ids)) == 1
    assert ids[0] in first
    assert clean.value("select count(*) from notify.attempt") == 3


def test_a_cancelled_one_is_not_sent_even_where_a_sender_has_it_in_hand(clean: Site) -> None:
    with moody_server() as (url, moody):
        write_to(clean, "a@example.com")
        one = clean.value("select id from notify.message")
        moody.before_accepting = lambda _: act(clean, "cancel", one)
        assert send(url) == 0
    assert moody.taken == []
    assert state_of(clean, one) == "cancelled"


def test_the_trace_of_acts_can_only_grow(clean: Site) -> None:
    act(clean, "cancel", a_message(clean, "created"))
    for statement in ("update operation.act set reason = ''", "delete from operation.act", "truncate operation.act"):
        with clean.session("notify") as session, pytest.raises(ProgrammingError):
            session.connection().exec_driver_sql(statement)
    assert clean.value("select reason from operation.act") == "点検した"


def test_the_post_notes_acts_of_its_own_in_the_trace_and_sees_no_others(clean: Site) -> None:
    one = a_message(clean, "created")
    clean.run("insert into notify.act (name, act, message_id, reason) values ('前 任', 'message.shown', :id, '')", id=one)
    clean.run("insert into operation.act (name, act, subject) values ('運用 次郎', 'account.disabled', 'x')")
    act(clean, "cancel", one)
    with clean.session("notify") as session:
        assert [(done.act, done.name) for done in acts.of_message(session, one)] == [
            ("message.cancelled", "運用 太郎"),
            ("message.shown", "前 任"),  # of before it stood in the trace
        ]
        assert [done.message_id for done in acts.newest(session)] == [one]
        with pytest.raises(ProgrammingError):
            acts.note(session, WHO, "account.disabled", uuid4())
    with Session(clean.operator) as session:
        assert trace.broken(session) == []


def test_many_are_done_as_they_were_previewed_in_pieces_and_no_more(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "A_PIECE", 3)
    rows: list[Any] = [{"state": state, "template": "arrived"} for state in ("failed", "bounced", "unknown", "sent") * 4]
    ids = some_messages(clean, rows)
    other = a_message(clean, "failed", template="decided")
    wanted = Filter(template="arrived")
    with clean.session("notify") as session:
        previewed = steps.preview(session, "resend", wanted)
        assert len(previewed) == 8
        later = a_message(clean, "failed")
        done = steps.act_on_all(session, WHO, "resend", wanted, "復旧した", newest=previewed[0], most=len(previewed))
    assert done == 8
    assert clean.value("select count(*) from notify.message where state = 'created'") == 8
    assert [state_of(clean, one) for one in (other, later)] == ["failed", "failed"]  # not asked for; not previewed
    assert {act[2] for one in ids for act in acts_of(clean, one)} == {"復旧した"}
    assert clean.value("select count(*) from operation.act where details ->> 'was' = 'bounced'") == 4
    with clean.session("notify") as session:
        assert steps.act_on_all(session, WHO, "cancel", wanted, "誤送信", newest=previewed[0], most=5) == 5
    assert clean.value("select count(*) from notify.message where state = 'cancelled'") == 5


def test_messages_are_found_by_whatever_is_known_of_them(clean: Site) -> None:
    application, client = str(uuid4()), uuid4()
    filling = {"arrival_number": "近畿-001", "path": "/"}
    rows: list[Any] = [
        {
            "subject": application,
            "filling": filling | {"receipt_number": "R9"},
            "recipient_hash": rf"\x{hash_of(clean, 'a@example.com').hex()}",
        },
        {"subject": "message", "filling": filling, "channel": "sms", "state": "failed"},
        {"subject": "x", "filling": {"arrival_number": "別"}, "template": "decided"},
        {"subject": "y", "client_id": str(client), "filling": {"arrival_number": "近畿-001" * 1000}, "channel": "sms"},
    ]
    first, second, third, fourth = some_messages(clean, rows)
    by: list[tuple[Filter, list[UUID]]] = [
        (Filter(), [fourth, third, second, first]),
        (Filter(about=application), [second, first]),  # what tells of a message to it has only its number
        (Filter(about="近畿-001"), [second, first]),
        (Filter(about="R9"), [first]),
        (Filter(about=str(third)), [third]),
        (Filter(recipient=hash_of(clean, "Ａ@EXAMPLE.com")), [first]),
        (Filter(channel="sms"), [fourth, second]),
        (Filter(state="sent"), [fourth, third, first]),
        (Filter(channel="sms", state="failed"), [second]),
        (Filter(template="decided"), [third]),
        (Filter(template="arrived", state="failed"), [second]),
        (Filter(client=client), [fourth]),
    ]
    with clean.session("notify") as session:
        for wanted, ids in by:
            assert [one.id for one in listed(session, wanted)] == ids, wanted
            pages = found(session, wanted, limit=1)
            while len(pages) < len(ids):
                pages += found(session, wanted, limit=1, before=pages[-1])
            assert pages == ids
        times = [one.created_at for one in listed(session, Filter(), limit=1)]
        assert listed(session, Filter(until=times[0].replace(year=2020))) == []
        assert len(listed(session, Filter(since=times[0].replace(year=2020)))) == 4
        assert id_at(times[0]).version == 7
