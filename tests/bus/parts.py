"""Events to publish, and a subscriber whose effects can be counted."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, create_engine, pool, text
from sqlmodel import Session

from shared.bus.deliver import Post, deliver
from shared.bus.publish import publish
from shared.events import Applicant, ApplicationArrived, Contact, Event, ProcedureRef
from shared.operation import runs
from shared.retention.bus import events_of
from shared.retention.purging import Service, lines, purge_some
from tests.site import Site

PROCEDURE = ProcedureRef(id="koen-meigi", version=1)
SECRET = "申請者の秘密 secret@example.com"


def arrived(subject: str | None = None, sequence: int = 1, *, do: str = "", **more: Any) -> ApplicationArrived:
    """An event that review, notify and opendata hear. `do` tells the listener to `fail` or to `kill` its process."""
    return ApplicationArrived(
        subject=subject or str(uuid4()),
        sequence=sequence,
        receipt_number="R1",
        arrival_number="A1",
        arrived_at=datetime.now(UTC),
        procedure=PROCEDURE,
        applicant=Applicant(organisation_id=uuid4(), name="窓口電機"),
        contact=Contact(name="窓口 花子", email="secret@example.com"),
        answers={"do": do, "secret": SECRET},
        **more,
    )


def announce(site: Site, *events: Event, service: str = "intake") -> list[UUID]:
    """Publish and commit, as a service; the events' ids."""
    with site.session(service) as session:
        publish(session, *events)
        session.commit()
    return [event.id for event in events]


@dataclass
class Listener:
    """The desk's side of the bus, with a handler that notes what it hears in a table `review.effect`."""

    url: str
    calls: list[list[str]] = field(default_factory=list)
    broken: bool = True

    @cached_property
    def engine(self) -> Engine:
        """Connections with the desk's role."""
        return create_engine(self.url, poolclass=pool.NullPool)

    @cached_property
    def post(self) -> Post:
        """What deliver and sweep need."""
        return Post("review", self.engine, {"open_case": self.hear, "keep_procedure": self.hear, "hear_canary": self.hear})

    def hear(self, session: Session, events: list[Any]) -> None:
        """Note the events; fail or die where one says so, after the effect."""
        self.calls.append([event.subject for event in events])
        for event in events:
            session.execute(
                text("insert into review.effect (subject, sequence) values (:subject, :sequence)"),
                {"subject": event.subject, "sequence": event.sequence},
            )
            do = getattr(event, "answers", {}).get("do")
            if do == "fail" and self.broken:
                raise ValueError(SECRET)
            if do == "kill":
                os.kill(os.getpid(), signal.SIGKILL)

    def takes(self, ids: Iterable[UUID]) -> int:
        """What a worker does when the bell rings."""
        return deliver(self.post, list(ids))


def effects(site: Site) -> list[tuple[str, int]]:
    """What was heard and committed, in its order."""
    return [(row["subject"], row["sequence"]) for row in site.rows("select subject, sequence from review.effect order by n")]


def delivery(site: Site, event_id: UUID, subscriber: str = "review.open_case") -> dict[str, Any]:
    """One delivery."""
    found = site.rows("select * from bus.delivery where event_id = :id and subscriber = :who", id=event_id, who=subscriber)
    return found[0]


def states(site: Site, subscriber: str = "review.open_case") -> dict[str, int]:
    """How many deliveries of a subscriber are in each state."""
    rows = site.rows("select state, count(*) as n from bus.delivery where subscriber = :who group by 1", who=subscriber)
    return {row["state"]: row["n"] for row in rows}


def make_due(site: Site, seconds_ago: float = 10) -> None:
    """Let time pass: whatever waits was due some time ago."""
    site.run("update bus.delivery set due = now() - make_interval(secs => :ago) where state = 'waiting'", ago=seconds_ago)


def lying_in(site: Site, queue: str) -> list[str]:
    """The messages of a queue as they lie in the broker, bodies decoded."""
    found = []
    for raw in site.broker.lrange(queue, 0, -1):
        message = json.loads(raw)
        message["body"] = base64.b64decode(message["body"]).decode()
        found.append(json.dumps(message, ensure_ascii=False))
    return found


def ids_in(site: Site, queue: str) -> list[list[str]]:
    """The ids that each message of a queue carries, the first rung first."""
    return [json.loads(json.loads(message)["body"])[0][0] for message in reversed(lying_in(site, queue))]


def purge(post: Post, *, now: datetime | None = None) -> int:
    """Purge the events of a service as its retention does; how many."""
    service = Service(post.service, (events_of(post.service),), lambda _session, _now: {})
    anew = True
    while purge_some(post.engine, service, now=now, anew=anew):
        anew = False
    with Session(post.engine) as session:
        (run,) = runs.latest(session, service.run_kind)
    assert run.outcome == "done"
    return sum(line.count for line in lines(run.report))
