"""The table of who is told what: complete, fitting its texts, and once whatever is replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.notify.models import Message
from services.notify.recipients.addresses import recipient_hash
from services.notify.settings import Settings
from services.notify.telling.fillings import filled
from services.notify.telling.table import TOLD
from services.notify.telling.telling import tell
from shared.events import SUBSCRIBERS, CaseAssigned, CaseOverdue, Event, SignInRequested
from shared.settings import load
from tests.notify.samples import MANAGER, OFFICIAL, an_event
from tests.notify.test_mails import TEMPLATES
from tests.site import Site

ALL = [an_event(kind, **({"key": "x"} if kind.type == "document.issued.v1" else {})) for kind in TOLD]


def told(session: Session, *events: Event) -> list[Message]:
    """What is written of these events, in the order of the table."""
    tell(session, list(events), secret_key=load(Settings).secret_key)
    mine = col(Message.event_id).in_({event.id for event in events})
    return list(session.exec(select(Message).where(mine).order_by(col(Message.id))))


def mails(session: Session, *events: Event) -> list[Message]:
    """Those of them that go by e-mail."""
    return [one for one in told(session, *events) if one.channel == "email"]


def test_the_table_has_all_that_the_post_hears_and_nothing_else() -> None:
    heard = {name for name, subscribers in SUBSCRIBERS.items() if any(one.name == "notify.tell" for one in subscribers)}
    assert {kind.type for kind in TOLD} == heard


@pytest.mark.parametrize(("event", "telling"), [(event, one) for event in ALL for one in TOLD[type(event)]])
def test_a_message_is_filled_with_all_its_text_asks_for(event: Any, telling: Any) -> None:
    for language in ("ja", "en"):
        text = (TEMPLATES / f"{telling.kind}.{language}.txt").read_text(encoding="utf-8")
        asked = set(re.findall(r"\(\((\w+)\)\)", text))
        assert asked <= {"name", "procedure", "link", *filled(event, telling.names, language)}
    assert telling.page.format(event).startswith(("/", "text"))


@settings(max_examples=15, deadline=None)
@given(batches=st.lists(st.lists(st.sampled_from(ALL), min_size=1), min_size=1, max_size=5))
def test_whatever_is_replayed_in_whatever_order_each_message_is_made_once(site: Site, batches: list[list[Event]]) -> None:
    with site.session("notify") as session:
        for batch in batches:
            told(session, *batch)
        of_all = [event for batch in batches for event in batch]
        made = [(one.event_id, one.channel, one.recipient) for one in told(session, *of_all)]
    assert sorted(made) == sorted(_expected(of_all))


def _expected(events: Iterable[Event]) -> set[tuple[Any, str, str]]:
    return {
        (event.id, channel, person.email)
        for event in events
        for one in TOLD[type(event)]
        for person in one.to(event)
        for channel in (("inbox", "email") if person.role in {"official", "managers"} else ("email",))
    }


def test_a_message_knows_its_procedure_its_office_and_whom_it_is_for(clean: Site) -> None:
    link = an_event(SignInRequested)
    with clean.session("notify") as session:
        overdue = an_event(CaseOverdue, group="kinki-bureau")
        for_official, for_manager, sign_in = mails(session, overdue, link)
        assert (for_official.recipient, for_manager.recipient) == (OFFICIAL.email, MANAGER.email)
        assert (for_official.procedure_id, for_official.office) == ("koen-meigi", "kinki-bureau")
        assert for_official.recipient_hash == recipient_hash(load(Settings).secret_key, OFFICIAL.email.upper())
        assert [one.urgent for one in (for_official, sign_in)] == [False, True]
        assert (sign_in.procedure_id, sign_in.office) == (None, None)


def test_who_moved_a_case_himself_is_not_told_of_it(clean: Site) -> None:
    given_away = an_event(CaseAssigned, former=MANAGER, by_id=MANAGER.id)
    with clean.session("notify") as session:
        (only,) = mails(session, given_away)
        assert (only.recipient, only.template) == (OFFICIAL.email, "case-assigned")
        assert only.filling["path"] == f"/desk/cases/{given_away.case_id}"
