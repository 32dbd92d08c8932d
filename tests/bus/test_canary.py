"""One canary a minute, answered by every service, forgotten after a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.bus import canary
from shared.bus.measuring import measured
from shared.events import SUBSCRIBERS
from tests.site import Site

SERVICES = ("intake", "review", "notify", "opendata")


def send(site: Site, at: datetime) -> bool:
    from services.intake.tasks import engine

    assert site.broker_url
    return canary.send(engine, now=at)


def test_there_is_one_a_minute_however_many_send_it(clean: Site) -> None:
    now = datetime.now(UTC).replace(second=10)
    assert [send(clean, now), send(clean, now + timedelta(seconds=40)), send(clean, now + timedelta(minutes=1))] == [
        True,
        False,
        True,
    ]
    assert clean.value("select count(*) from bus.event where type = 'canary.sent.v1'") == 2


def test_every_service_answers_and_says_how_long_it_took(clean: Site) -> None:
    assert {one.service for one in SUBSCRIBERS["canary.sent.v1"]} == set(SERVICES)
    send(clean, datetime.now(UTC))
    for service in SERVICES:
        with clean.session(service) as session:
            assert "madoguchi_canary_seconds" not in {one.name for one in measured(session, service)}
    clean.deliver_all()
    assert clean.undone() == 0
    for service in SERVICES:
        with clean.session(service) as session:
            found = {one.name: one.value for one in measured(session, service)}
        assert 0 <= found["madoguchi_canary_seconds"] <= found["madoguchi_canary_age_seconds"] < 60


def test_those_of_the_day_before_are_forgotten_and_what_nobody_answered_is_kept(clean: Site) -> None:
    now = datetime.now(UTC)
    send(clean, now - timedelta(days=2))
    clean.deliver_all()
    send(clean, now - timedelta(days=1, minutes=5))  # nobody answers it
    send(clean, now)
    assert clean.value("select count(*) from bus.event where type = 'canary.sent.v1'") == 2
