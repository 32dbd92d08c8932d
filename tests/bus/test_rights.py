"""A service sees, claims and publishes what is its own; PostgreSQL itself refuses the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from deploy.database import SERVICES
from shared.bus.publish import publish
from shared.events import ApplicationFiled, Contact, SignInRequested
from tests.bus.parts import PROCEDURE, Listener, announce, arrived, delivery, effects
from tests.site import Site

FORGE = text("""
insert into bus.delivery (event_id, subscriber, service, source, subject, sequence, ordered)
values (:id, :subscriber, :service, :source, 'x', 1, true)
""")


def seen(site: Site, service: str, table: str) -> int:
    with site.session(service) as session:
        return int(session.scalar(text(f"select count(*) from bus.{table}")) or 0)


def filed() -> ApplicationFiled:
    return ApplicationFiled(subject=str(uuid4()), sequence=1, receipt_number="R1", procedure=PROCEDURE)


def test_a_service_sees_the_events_it_published_and_those_addressed_to_it(clean: Site) -> None:
    announce(clean, filed())  # heard by intake and opendata
    assert {service: seen(clean, service, "event") for service in SERVICES} == {
        "intake": 1,
        "review": 0,
        "notify": 0,
        "opendata": 1,
    }


def test_a_service_sees_no_deliveries_between_others(clean: Site) -> None:
    announce(clean, arrived())  # to review, notify and opendata
    assert {service: seen(clean, service, "delivery") for service in SERVICES} == {
        "intake": 3,
        "review": 1,
        "notify": 1,
        "opendata": 1,
    }


def test_a_service_cannot_claim_or_close_what_is_addressed_to_others(clean: Site) -> None:
    announce(clean, arrived())
    with clean.session("opendata") as session:
        found = session.execute(text("select service from bus.delivery for update")).scalars().all()
        changed = session.execute(text("update bus.delivery set state = 'done' returning service")).scalars().all()
        session.commit()
    assert found == changed == ["opendata"]
    assert clean.value("select count(*) from bus.delivery where state = 'done'") == 1


def test_not_even_the_publisher_can_close_its_subscribers_deliveries(clean: Site) -> None:
    announce(clean, arrived())
    with clean.session("intake") as session:
        assert session.execute(text("update bus.delivery set state = 'done' returning service")).all() == []


def test_a_service_cannot_publish_in_the_name_of_another(clean: Site) -> None:
    with clean.session("review") as session, pytest.raises(ProgrammingError, match="row-level security"):
        publish(session, arrived())  # an event of intake


@pytest.mark.parametrize("service", ["review", "notify", "opendata"])
def test_no_service_but_the_counter_has_a_sign_in_link_mailed_to_an_address_of_its_choice(clean: Site, service: str) -> None:
    link = uuid4()
    asked = SignInRequested(
        subject=str(link),
        sequence=1,
        link_id=link,
        path="/sign-in/link",
        contact=Contact(name="operator", email="attacker@example.com", language="ja"),
        expires_at=datetime.now(UTC),
    )
    with clean.session(service) as session, pytest.raises(ProgrammingError, match="row-level security"):
        publish(session, asked)


def test_a_service_cannot_address_an_event_of_another_to_anybody(clean: Site) -> None:
    event_id = announce(clean, filed())[0]
    with clean.session("review") as session, pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(FORGE, {"id": event_id, "subscriber": "review.open_case", "service": "review", "source": "intake"})


def test_what_only_another_service_may_say_is_heard_by_nobody(clean: Site, listener: Listener) -> None:
    said, envelope = arrived(), {"source": "opendata", "subject": "x"}  # as itself, so the database lets it
    with clean.session("opendata") as session:
        session.execute(
            text("""insert into bus.event (id, type, source, subject, sequence, data)
                    values (:id, :type, :source, :subject, 1, cast(:data as json))"""),
            {**envelope, "id": said.id, "type": said.type, "data": json.dumps(said.data())},
        )
        session.execute(FORGE, {"id": said.id, "subscriber": "review.open_case", "service": "review", "source": "opendata"})
        session.commit()
    assert listener.takes([said.id]) == 0
    assert (listener.calls, effects(clean)) == ([], [])
    assert delivery(clean, said.id)["error"] == "application.arrived.v1 is not for opendata to publish"


def test_a_made_up_delivery_opens_no_event_of_another(clean: Site) -> None:
    event_id = announce(clean, filed())[0]
    with clean.session("review") as session:
        session.execute(FORGE, {"id": event_id, "subscriber": "review.open_case", "service": "review", "source": "review"})
        assert session.execute(text("select data from bus.event")).all() == []


@pytest.mark.parametrize("column", ["event_id", "subscriber", "service", "source", "subject", "sequence", "ordered"])
@pytest.mark.parametrize("role", ["review", "operator"])
def test_whose_a_delivery_is_and_of_which_event_cannot_be_changed(clean: Site, role: str, column: str) -> None:
    with clean.session(role) as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(f"update bus.delivery set {column} = {column}"))


def test_a_service_purges_only_what_it_published(clean: Site) -> None:
    announce(clean, arrived())
    with clean.session("review") as session:
        assert session.execute(text("delete from bus.event returning id")).all() == []
    with clean.session("intake") as session:
        assert len(session.execute(text("delete from bus.event returning id")).all()) == 1


@pytest.mark.parametrize("statement", ["update bus.event set type = 'x'", "delete from bus.delivery", "truncate bus.event"])
@pytest.mark.parametrize("role", [*SERVICES, "operator"])
def test_the_log_cannot_be_rewritten(clean: Site, role: str, statement: str) -> None:
    with clean.session(role) as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("role", "table"),
    [
        ("review", "intake.application"),
        ("opendata", 'review."case"'),
        ("intake", "notify.message"),
        ("notify", "opendata.procedure_count"),
        ("intake", "identity.account"),
        ("review", "identity.api_key"),
        ("operator", "intake.application"),
        ("operator", 'review."case"'),
    ],
)
def test_a_role_cannot_read_the_tables_of_another(clean: Site, role: str, table: str) -> None:
    with clean.session(role) as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(f"select * from {table}"))


def test_an_operator_sees_all_deliveries(clean: Site) -> None:
    announce(clean, arrived())
    assert seen(clean, "operator", "delivery") == 3
