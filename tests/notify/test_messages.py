"""Who is told what of which event, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from services.notify.channels.email.composing import Composer
from services.notify.models import Message
from services.notify.settings import Settings
from services.notify.telling.telling import tell as write_messages
from services.notify.wording.rendering import Wordings
from shared.bus.deliver import deliver
from shared.events import (
    ApplicationReturned,
    CaseDecided,
    CaseOpened,
    Contact,
    Event,
    InvitationSent,
    MandateOffered,
    Mend,
    Official,
    ProcedureRef,
    RegistrationRequested,
)
from shared.settings import load
from tests.bus.parts import PROCEDURE, announce, arrived
from tests.notify.parts import a_link, tell, write_to
from tests.site import Site, bearer

CONTACT = Contact(name="Hanako", email="hanako@example.org", language="en")
OFFICIAL = Official(id=uuid4(), name="審査 一郎", email="ichiro@example.go.jp")


def opened(official: Official | None = OFFICIAL) -> CaseOpened:
    return CaseOpened(
        subject=str(uuid4()),
        sequence=1,
        case_id=uuid4(),
        arrival_number="A1",
        procedure=PROCEDURE,
        group="kinki-bureau",
        group_title="近畿経済産業局",
        official=official,
    )


def decided(**more: Any) -> CaseDecided:
    return CaseDecided(
        subject=str(uuid4()),
        sequence=2,
        case_id=uuid4(),
        arrival_number="A1",
        procedure=PROCEDURE,
        contact=CONTACT,
        decided_at=datetime.now(UTC),
        **{"decision": "approve", **more},
    )


def returned() -> ApplicationReturned:
    return ApplicationReturned(
        subject=str(uuid4()),
        sequence=2,
        receipt_number="R1",
        procedure=PROCEDURE,
        contact=CONTACT,
        mends=[Mend(pointer="/held", ja="期間を直してください。", en="Mend the period.")],
    )


TOLD: list[tuple[Event, str, str, str, str]] = [
    (arrived(), "intake", "arrived", "ja", "secret@example.com"),
    (returned(), "intake", "returned", "en", "hanako@example.org"),
    (opened(), "review", "case-opened", "ja", "ichiro@example.go.jp"),
    (decided(), "review", "decided", "en", "hanako@example.org"),
    (a_link(), "intake", "sign-in", "ja", "a@example.com"),
]


@pytest.mark.parametrize(("event", "service", "template", "language", "recipient"), TOLD)
def test_an_event_is_told_to_whom_it_concerns_in_his_language(
    clean: Site, *, event: Event, service: str, template: str, language: str, recipient: str
) -> None:
    tell(clean, event, service=service)
    (row,) = clean.rows("select * from notify.message where channel = 'email'")
    told = (row["template"], row["language"], row["recipient"], row["state"])
    assert told == (template, language, recipient, "created")
    assert (row["subject"], row["event_id"]) == (event.subject, event.id)


def test_a_case_without_an_official_is_told_to_nobody(clean: Site) -> None:
    tell(clean, opened(None), service="review")
    assert clean.rows("select * from notify.message") == []


def test_the_same_event_handled_again_writes_no_second_message(clean: Site) -> None:
    event = arrived()
    for _ in range(3):
        with clean.session("notify") as session:
            write_messages(session, [event], secret_key=load(Settings).secret_key)
            session.commit()
    assert clean.value("select count(*) from notify.message") == 1


def test_an_event_about_a_procedure_not_heard_of_yet_waits(clean: Site) -> None:
    from services.notify.tasks import work

    ids = announce(clean, arrived().model_copy(update={"procedure": ProcedureRef(id="new", version=1)}), arrived())
    assert deliver(work.post, ids) == 1
    (row,) = clean.rows("select state, error from bus.delivery where subscriber = 'notify.tell' and event_id = :id", id=ids[0])
    assert row["state"] == "waiting"
    assert row["error"].startswith("LookupError")


def test_an_older_version_of_a_procedure_does_not_bring_its_title_back(clean: Site) -> None:
    from services.notify.procedures import keep_procedure
    from shared.events import ProcedurePublished

    def published(version: int, title: str) -> ProcedurePublished:
        ref = ProcedureRef(id="test", version=version)
        return ProcedurePublished(subject="test", sequence=version, procedure=ref, definition={"title": {"ja": title}})

    with Session(clean.owner) as session:
        keep_procedure(session, [published(2, "新"), published(1, "旧")])
        keep_procedure(session, [published(1, "旧")])
        found = session.connection().exec_driver_sql("select title from notify.procedure where id = 'test'").scalar()
        session.rollback()
    assert found == {"ja": "新"}


def test_operators_see_the_messages_and_nobody_else_does(clean: Site, post_office: TestClient) -> None:
    write_to(clean, "a@example.com", "b@example.com", "c@example.com")
    key = clean.an_operator()
    page = post_office.get("/v1/messages", params={"limit": 2}, headers=bearer(key)).json()
    rest = post_office.get("/v1/messages", params={"limit": 2, "before": page[-1]["id"]}, headers=bearer(key)).json()
    assert [row["recipient"] for row in page + rest] == ["c…@example.com", "b…@example.com", "a…@example.com"]
    shown = post_office.get(f"/v1/messages/{page[0]['id']}", headers=bearer(key)).json()
    assert shown.items() >= (page[0] | {"recipient": "c@example.com"}).items()
    assert post_office.get("/v1/messages", params={"state": "sent"}, headers=bearer(key)).json() == []
    assert len(post_office.get("/v1/messages", params={"subject": page[0]["subject"]}, headers=bearer(key)).json()) == 1
    assert post_office.get(f"/v1/messages/{uuid4()}", headers=bearer(key)).status_code == 404
    assert post_office.get("/v1/messages", params={"subject": "a\0"}, headers=bearer(key)).status_code == 422
    for other in (clean.an_applicant(), clean.a_reviewer("kinki-bureau")):
        assert post_office.get("/v1/messages", headers=bearer(other)).status_code == 403
    assert post_office.get("/v1/messages").status_code == 401


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_mails_of_organisations_say_whose_they_are_and_hold_their_links(clean: Site, language: Any) -> None:
    to = Contact(name="a@example.com", email="a@example.com", language=language)
    soon, day = datetime.now(UTC), datetime.now(UTC).date()
    one: dict[str, Any] = {"sequence": 1, "contact": to}
    link: dict[str, Any] = {"link_id": uuid4(), "expires_at": soon}
    asked = RegistrationRequested(subject="1", path="/register/link", **one, **link)
    invited = InvitationSent(
        subject="2", path="/register/invitation", organisation="窓口電機", invited_by="窓口 花子", **one, **link
    )
    offered = MandateOffered(subject="3", path="/organisation/mandates", principal="窓口電機", starts_on=day, ends_on=day, **one)
    tell(clean, asked, invited, offered)
    mails = {}
    settings = load(Settings)
    with clean.session("notify") as session:
        composer = Composer(settings, Wordings(session.get_bind(), settings))  # type: ignore[arg-type]
        for message in session.exec(select(Message)):
            mails[message.template] = composer.compose(message)
    secret = f"link={link['link_id']}&secret="
    texts = {name: mail.get_body(("plain",)).get_content() for name, mail in mails.items()}  # type: ignore[union-attr]
    assert f"/register/link?{secret}" in texts["register"]
    assert f"/register/invitation?{secret}" in texts["invitation"]
    assert "窓口電機" in str(mails["invitation"]["subject"])
    assert "窓口 花子" in texts["invitation"]
    assert any(word.endswith("/organisation/mandates") for word in texts["mandate-offered"].split())
    assert "secret=" not in texts["mandate-offered"]
