"""Bells doubled, lost and poisoned: every application still has one case, and everybody gets one mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr
from sqlmodel import Session

from shared.bus import deadletters
from shared.bus.bell import ringer
from shared.bus.deliver import MAX_ATTEMPTS
from shared.operation.acts import Operator
from tests.flows.conftest import Town
from tests.machine import quiet
from tests.site import Site, eventually

SERVICES = ("intake", "review", "notify", "opendata")


def mails(town: Town) -> Counter[str]:
    return Counter(mail["to"][0]["address"] for mail in town.mailbox.mails())


def cases(site: Site) -> int:
    return int(site.value('select count(*) from review."case"'))


def ring_all(town: Town, times: int) -> None:
    bell: Any = ringer(SecretStr(town.site.broker_url))
    ids = [str(row["id"]) for row in town.site.rows("select id from bus.event")]
    for _ in range(times):
        for service in SERVICES:
            bell.send_task(f"{service}.deliver", (ids,), queue=service)
        bell.send_task("post.deliver", ([],), queue="post")
    bell.close()


def test_the_same_bell_rung_fifty_times_to_four_workers_opens_one_case_and_sends_one_mail(town: Town) -> None:
    town.site.file(town.applicant, 1)
    ring_all(town, 50)  # while it is being filed
    eventually(lambda: cases(town.site) == 1)
    ring_all(town, 50)  # with every event that there is by now
    quiet(town.site)
    ring_all(town, 10)  # and again when all is done
    eventually(lambda: not any(town.site.broker.llen(queue) for queue in (*SERVICES, "post")), within=30)
    quiet(town.site)
    assert cases(town.site) == 1
    assert mails(town) == {"applicant@example.com": 1, "official@example.go.jp": 1}
    assert town.site.rows("select filed, arrived from opendata.procedure_count") == [{"filed": 1, "arrived": 1}]


@contextmanager
def poison(site: Site) -> Iterator[None]:
    """While it works, the newest application makes the format check raise."""
    site.run("""
    create function intake.poison() returns trigger language plpgsql as $$ begin
      if new.id = (select id from intake.application order by id desc limit 1) then raise exception 'poison'; end if;
      return new;
    end $$
    """)
    site.run("""
    create trigger poison before update on intake.application for each row execute function intake.poison()
    """)
    try:
        yield
    finally:
        site.run("drop function intake.poison cascade")


def test_one_poisoned_event_in_a_hundred_waits_dies_and_is_replayed_while_the_others_pass(town: Town) -> None:
    site = town.site
    with poison(site):
        site.file(town.applicant, 100)
        eventually(lambda: site.undone() == 1 and cases(site) == 99, within=30)
        eventually(lambda: mails(town) == {"applicant@example.com": 99, "official@example.go.jp": 99}, within=30)
        (stuck,) = site.rows("select * from bus.delivery where state <> 'done'")
        assert (stuck["subscriber"], stuck["state"]) == ("intake.check_format", "waiting")
        site.run(
            "update bus.delivery set attempts = :n, due = now() - interval '1 minute' where state <> 'done'", n=MAX_ATTEMPTS - 1
        )
        eventually(lambda: site.value("select count(*) from bus.delivery where state = 'dead'") == 1, within=20)
    with Session(site.operator) as session:  # the cause is mended
        assert deadletters.replay(session, Operator(None, "somebody")) == [stuck["event_id"]]
        session.commit()
    eventually(lambda: cases(site) == 100, within=20)
    quiet(site)
    assert mails(town) == {"applicant@example.com": 100, "official@example.go.jp": 100}
