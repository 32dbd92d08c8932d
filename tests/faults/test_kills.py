"""kill -9 in the middle of the work: of the workers of the bus, and of the sender of mails."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from services.notify.settings import Settings
from shared.settings import load
from tests.machine import BUS_QUEUES, POST_QUEUE, Machine, Mailbox, kill, quiet
from tests.site import Site, eventually

APPLICANT, OFFICIAL = "applicant@example.com", "official@example.go.jp"

# A worker of the bus is in the middle of a batch: its transaction is open and has locked or written something.
IN_A_BATCH = text("""
select count(*) from pg_stat_activity a
where a.application_name in ('madoguchi-intake-worker', 'madoguchi-review-worker', 'madoguchi-notify-worker',
                             'madoguchi-opendata-worker')
  and a.backend_xid is not null
""")
# A sender is handing a mail over.
SENDING = text("select count(*) from notify.message where state = 'sending'")


@pytest.fixture
def mailbox(clean: Site, machine: Machine) -> Mailbox:
    """A new mailbox for each test, to which the processes started after it send."""
    clean.a_reviewer("kinki-bureau")
    return machine.mailbox()


def seen(connection: Connection, what: object, *, within: float) -> int:
    """How many of `what` there are, as soon as there is one; 0 if that does not come in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        count = connection.execute(what).scalar()  # type: ignore[call-overload]
        connection.rollback()
        if count:
            return int(count)
        time.sleep(0.002)
    return 0


def kill_in_mid_batch(site: Site, machine: Machine, times: int, feed: Callable[[], None]) -> int:
    """Kill the workers of the bus, group by group, each while it is in a batch; how many deliveries were done meanwhile."""
    for _ in range(times):
        worker = machine.worker(*BUS_QUEUES, wait=False)
        feed()
        with site.owner.connect() as connection:
            assert seen(connection, IN_A_BATCH, within=30), machine.logs()
            kill(worker)
        # PostgreSQL notices the end of its clients by itself
        eventually(lambda: not site.value(IN_A_BATCH.text))
    return int(site.value("select count(*) from bus.delivery where state = 'done'"))


def run_through_kills(site: Site, machine: Machine, mailbox: Mailbox, *, kills: int, applications: int) -> None:
    key = site.an_applicant()
    batch = applications // kills
    machine.worker(POST_QUEUE, wait=False)
    machine.beat(wait=False)
    done = kill_in_mid_batch(site, machine, kills, lambda: void(site.file(key, batch)))
    assert done < site.value("select count(*) from bus.delivery")  # the kills came while there was work
    machine.worker(*BUS_QUEUES)
    eventually(lambda: site.value('select count(*) from review."case"') == applications, within=90)
    quiet(site)

    assert site.value("select count(*) from bus.delivery where state <> 'done'") == 0
    assert site.value('select count(distinct application_id) from review."case"') == applications
    assert site.value("select count(*) from intake.application where state = 'in_review'") == applications
    assert site.rows("select filed, arrived from opendata.procedure_count") == [{"filed": applications, "arrived": applications}]
    mails = Counter((mail["to"][0]["address"], mail["headers"]["x-madoguchi-subject"]) for mail in mailbox.mails())
    assert Counter(address for address, _ in mails) == {APPLICANT: applications, OFFICIAL: applications}
    assert set(mails.values()) == {1}


def void(_: object) -> None:
    """Nothing."""


def test_workers_killed_five_times_in_mid_batch_leave_one_case_and_one_mail_each(
    clean: Site, machine: Machine, mailbox: Mailbox
) -> None:
    run_through_kills(clean, machine, mailbox, kills=5, applications=100)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_workers_killed_twenty_times_in_mid_batch_leave_one_case_and_one_mail_each(
    clean: Site, machine: Machine, mailbox: Mailbox
) -> None:
    run_through_kills(clean, machine, mailbox, kills=20, applications=500)


def test_a_sender_killed_while_it_hands_over_sends_no_mail_twice_and_owns_up(
    clean: Site, machine: Machine, mailbox: Mailbox
) -> None:
    kills, applications, processes = 4, 150, 2
    lanes = load(Settings).smtp_connections
    bus = machine.worker(*BUS_QUEUES, wait=False)
    clean.file(clean.an_applicant(), applications)
    eventually(lambda: clean.value("select count(*) from notify.message where channel = 'email'") == 2 * applications, within=40)
    eventually(lambda: clean.undone() == 0)
    kill(bus)
    machine.beat(wait=False)
    in_hand = 0
    for _ in range(kills):
        sender = machine.worker(POST_QUEUE, processes=processes, wait=False)
        with clean.owner.connect() as connection:
            assert seen(connection, SENDING, within=30), machine.logs()
            kill(sender)
        in_hand += clean.value("select count(*) from notify.message where state = 'sending'")
        # the leases of the killed sender pass
        clean.run(
            "update notify.message set next_attempt_at = now() - interval '1 s' where completed_at is null and sent_at is null"
        )
    machine.worker(POST_QUEUE, processes=processes)
    quiet(clean)

    states = {
        row["state"]: row["n"]
        for row in clean.rows("select state, count(*) as n from notify.message where channel = 'email' group by 1")
    }
    caught = Counter(mail["headers"]["message-id"] for mail in mailbox.mails())
    assert set(states) <= {"sent", "unknown"}
    assert sum(states.values()) == 2 * applications
    assert states.get("unknown", 0) <= min(in_hand, kills * processes * lanes)
    assert set(caught.values()) == {1}
    assert states["sent"] <= len(caught) <= 2 * applications
