"""A procedure says who is told what, by which channels, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session

from services.notify.models import Message, Preference
from services.notify.procedures import keep_procedure
from services.notify.recipients.addresses import recipient_hash
from services.notify.settings import Settings
from services.notify.telling.table import TOLD
from services.notify.wording.rendering import Wordings
from shared.events import CaseDecided, CaseOpened, CorrectionReminded, ProcedurePublished, ProcedureRef
from shared.procedure.messages import KINDS
from shared.settings import load
from tests.notify.samples import CONTACT, OFFICIAL, an_event
from tests.notify.test_telling import ALL, told
from tests.site import Site

REF = ProcedureRef(id="own", version=1)


def publish(session: Session, version: int = 1, **messages: Any) -> None:
    definition = {
        "title": {"ja": "手続", "en": "Procedure"},
        "messages": {name.replace("_", "-"): one for name, one in messages.items()},
    }
    ref = ProcedureRef(id="own", version=version)
    keep_procedure(session, [ProcedurePublished(subject="own", sequence=version, procedure=ref, definition=definition)])


@pytest.fixture
def session(clean: Site) -> Iterator[Session]:
    """The post's, with the procedure unknown; nothing of it stays."""
    with clean.session("notify") as session:
        yield session
        session.rollback()


def decided(**more: Any) -> CaseDecided:
    event: CaseDecided = an_event(CaseDecided, procedure=REF, **more)
    return event


def ways(found: list[Message]) -> set[tuple[str, str]]:
    return {(one.channel, one.recipient) for one in found}


def test_without_a_word_it_is_as_for_everybody(session: Session) -> None:
    publish(session)
    assert ways(told(session, decided())) == {("email", CONTACT.email)}


def test_managers_and_further_addresses_hear_of_it_and_find_the_case_at_their_desk(clean: Site, session: Session) -> None:
    clean.a_reviewer("kinki-bureau", email="manager@example.go.jp")
    clean.a_reviewer("kinki-bureau", email="examiner@example.go.jp", duties=("examiner",))
    clean.a_reviewer("press", email="other@example.go.jp")
    publish(session, decided={"to": ["applicant", "managers"], "addresses": ["office@example.go.jp"]})
    event = decided(group="kinki-bureau")
    found = told(session, event)
    manager = "manager@example.go.jp"
    assert ways(found) == {("email", CONTACT.email), ("email", manager), ("inbox", manager), ("email", "office@example.go.jp")}
    assert {one.filling["path"] for one in found} == {f"/applications/{event.subject}", f"/desk/cases/{event.case_id}"}
    assert {one.office for one in found} == {"kinki-bureau"}


def test_channels_are_what_the_procedure_offers(session: Session) -> None:
    publish(session, case_opened={"channels": ["inbox"]}, decided={"channels": ["email", "letter"]})
    assert ways(told(session, an_event(CaseOpened, procedure=REF))) == {("inbox", OFFICIAL.email)}
    key = recipient_hash(load(Settings).secret_key, CONTACT.email)
    session.add(Preference(recipient_hash=key, email=CONTACT.email, postal_address=["100-0013", "東京都千代田区", "花子"]))
    assert ways(told(session, decided())) == {("email", CONTACT.email), ("letter", "100-0013\n東京都千代田区\n花子")}


def test_what_is_off_is_told_to_nobody(session: Session) -> None:
    publish(session, correction_reminded={"to": []})
    assert told(session, an_event(CorrectionReminded, procedure=REF)) == []


def text(body: str) -> dict[str, Any]:
    return {"text": {"subject": {"ja": "決定", "en": "Decided"}, "body": {"ja": body, "en": body}}}


def test_a_text_of_the_procedure_is_used_until_somebody_edits_it_and_again_when_it_changes(session: Session) -> None:
    def says() -> str:
        (message,) = told(session, decided())
        session.flush()
        wordings = Wordings(session.get_bind(), load(Settings))  # type: ignore[arg-type]
        wordings._engine = session.connection()  # type: ignore[assignment] # what this transaction sees
        return wordings.render(message).body.strip()

    publish(session, 1, decided=text("one"))
    assert says() == "one"
    session.connection().exec_driver_sql("update notify.template set version = 7 where key = 'decided' and language = 'en'")
    session.connection().exec_driver_sql(
        "insert into notify.template_version (template_id, version, body, created_by) "
        "select id, 7, 'edited', 'an official' from notify.template where key = 'decided' and language = 'en'"
    )
    session.expire_all()
    publish(session, 2, decided=text("one"))
    assert says() == "edited"
    publish(session, 3, decided=text("three"))
    assert says() == "three"
    publish(session, 2, decided=text("old"))
    assert says() == "three"
    publish(session, 4)
    assert "Dear" in says()


def test_the_kinds_that_a_procedure_may_speak_of_are_those_of_the_table() -> None:
    of_procedures = {
        one.kind: type(event) for event in ALL if "procedure" in type(event).model_fields for one in TOLD[type(event)]
    }
    assert {kind for kind in of_procedures if not kind.startswith("opinion-")} == set(KINDS)
    for kind, event in of_procedures.items():
        if kind in KINDS and KINDS[kind].office:
            assert "group" in event.model_fields, kind
