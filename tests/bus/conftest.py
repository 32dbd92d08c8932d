"""A listener on the bus, and the process's bell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.bus.bell import Bell, bell_of
from shared.bus.publish import ring_with
from tests.bus.parts import Listener
from tests.site import Site, eventually


@pytest.fixture
def listener(clean: Site) -> Iterator[Listener]:
    """A subscriber whose effects are rows."""
    clean.run("create table review.effect (n bigserial, subject text not null, sequence bigint not null)")
    clean.run("grant select, insert on review.effect to madoguchi_review")
    clean.run("grant usage on sequence review.effect_n_seq to madoguchi_review")
    try:
        yield Listener(clean.url("madoguchi_review"))
    finally:
        clean.run("drop table review.effect")


@pytest.fixture
def bell(clean: Site) -> Iterator[Bell]:
    """This process's bell; what it rang before lies in no queue any more, and it leaves no ring to the tests that follow."""
    bell = bell_of(clean.broker_url)
    ring_with(bell)
    settle(clean, bell)
    clean.broker.flushall()
    yield bell
    settle(clean, bell)
    clean.broker.flushall()


def settle(site: Site, bell: Bell) -> None:
    """Wait until all that was given to the bell before has been rung."""
    eventually(lambda: not bell._waiting)
    site.broker.delete("fence")
    bell.ring("fence")
    eventually(lambda: site.broker.llen("fence") == 1)
