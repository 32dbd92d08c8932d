"""A whole machine for journeys: the web, workers of all queues, beat and a mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.machine import BUS_QUEUES, POST_QUEUE, Machine, Mailbox, quiet
from tests.site import Site


@dataclass
class Town:
    """Everything running, with an applicant, an official of 近畿 and an operator."""

    site: Site
    machine: Machine
    mailbox: Mailbox
    url: str
    applicant: str = ""
    official: str = ""
    operator: str = ""


@pytest.fixture(scope="module")
def running(machine: Machine) -> Town:
    """The processes, started once for a file of tests; what other tests left is not theirs to do."""
    machine.site.empty()
    mailbox = machine.mailbox()
    machine.worker(*BUS_QUEUES, POST_QUEUE, processes=4, wait=False)
    machine.beat(wait=False)
    url = machine.web(wait=False)
    machine.wait_ready()
    return Town(machine.site, machine, mailbox, url)


@pytest.fixture
def town(running: Town) -> Iterator[Town]:
    """The running machine with nothing filed, and with new people. It has nothing to do when the test ends."""
    running.site.empty()
    running.mailbox.empty()
    running.applicant = running.site.an_applicant()
    running.official = running.site.a_reviewer("kinki-bureau")
    running.operator = running.site.an_operator()
    yield running
    quiet(running.site)
