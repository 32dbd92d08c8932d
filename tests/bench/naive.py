"""The reference of the chain: one Celery task for each stage of each application, as it is usually written.

The same handlers do the same work; each task handles one event in a transaction of its own and, after the commit, sends a
task for whatever follows, with the event in the message.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from sqlmodel import Session

from services.intake import tasks as intake
from services.intake.checking import checking
from services.notify import tasks as notify
from services.notify.telling import telling
from services.opendata import tasks as opendata
from services.review import tasks as review
from services.review.cases import opening
from shared.events import EVENTS, SUBSCRIBERS, Event

POSTS = {module.work.post.service: module.work.post for module in (intake, review, notify, opendata)}

app = Celery("naive", broker=intake.settings.broker_url.get_secret_value(), set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


def _collect(session: Session, *events: Event) -> None:
    session.info.setdefault("collected", []).extend(events)


# Instead of being written to the log, what a handler publishes is sent as tasks.
for module in (checking, opening):
    setattr(module, "publish", _collect)  # noqa: B010 - mypy rightly refuses an assignment here
setattr(telling, "ring_after_commit", lambda _session, _queue: None)  # noqa: B010 - mails are not part of the measurement


def send(event: Event) -> None:
    """A task for each subscriber of an event."""
    envelope = event.model_dump(mode="json") | {"type": event.type}
    for subscriber in SUBSCRIBERS[event.type]:
        handle.delay(subscriber.name, envelope)


@app.task(name="naive.handle")  # type: ignore[untyped-decorator] # Celery has no types
def handle(subscriber: str, envelope: dict[str, Any]) -> None:
    """One stage of one application."""
    event = EVENTS[envelope["type"]].model_validate(envelope)
    post = POSTS[subscriber.partition(".")[0]]
    with post.session() as session:
        post.handler(subscriber)(session, [event])
        session.commit()
        collected = session.info.get("collected", [])
    for following in collected:
        send(following)
