"""The Celery side: a task that delivers, a task that sweeps, errands — for each service a worker serves."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery import Celery, signals
from kombu.entity import Queue

from shared import telemetry
from shared.bus import acknowledging
from shared.bus.bell import IDS_A_RING, TRANSPORT_OPTIONS, bell_of
from shared.bus.deliver import Post, deliver
from shared.bus.publish import ring_with
from shared.bus.sweep import in_rings, unanswered
from shared.bus.wakings import note_them

if TYPE_CHECKING:
    from pydantic import SecretStr

SWEEP_EVERY = 4.0
# Names a file that a worker touches while it hears the broker, for health checks; and how often it does, in seconds.
ALIVE, ALIVE_EVERY = "MADOGUCHI_ALIVE", 5.0
# A second SIGTERM is not needed to stop a worker softly: Celery takes SIGTERM as SIGQUIT then.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")


@dataclass(frozen=True)
class Work:
    """What a service gives to a worker: its side of the bus, and further queues with a function each, woken on a schedule.

    `errands`: queue name → (function, seconds between two wakings). An errand does a piece of what waits in the database, so
    it may be woken at any time and any number of times; it returns whether more waits, and then comes to the end of the line.
    """

    post: Post
    errands: Mapping[str, tuple[Callable[[], bool], float]] = field(default_factory=dict)


def celery_app(name: str, broker_url: SecretStr, *works: Work) -> Celery:
    """The Celery application of one service, or of several on one machine. Settings: docs/adr/0003."""
    acknowledging.install()
    app = Celery(name, broker=broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        broker_transport_options=TRANSPORT_OPTIONS,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=3,
        enable_utc=True,
        task_acks_late=True,
        task_ignore_result=True,
        task_reject_on_worker_lost=True,
        task_retry_on_worker_lost=True,
        task_time_limit=240,
        task_soft_time_limit=200,
        task_default_queue=works[0].post.service,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_enable_remote_control=False,
        worker_enable_soft_shutdown_on_idle=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_soft_shutdown_timeout=10,
    )
    ring_with(bell_of(broker_url.get_secret_value()))
    schedule: dict[str, Any] = {}
    queues: list[str] = []
    for work in works:
        queues += _register(app, work, schedule)
    app.conf.beat_schedule = schedule
    app.conf.task_queues = tuple(Queue(queue) for queue in queues)  # type: ignore[no-untyped-call] # kombu has no types
    note_them(schedule, broker_url)
    _follow_fork(works)
    return app


def _register(app: Celery, work: Work, schedule: dict[str, Any]) -> list[str]:
    service = work.post.service

    def deliver_events(ids: list[str]) -> None:
        deliver(work.post, [UUID(one) for one in ids[:IDS_A_RING]])

    def sweep() -> None:
        with app.connection_for_write() as connection:
            line = connection.default_channel.client.llen(service)
        for ids in in_rings(unanswered(work.post, line=line), IDS_A_RING):
            app.send_task(f"{service}.deliver", (ids,), queue=service)

    for name, function in (("deliver", deliver_events), ("sweep", sweep)):
        # not shared: each application has tasks of its own, though another of this process may give them the same names
        app.task(name=f"{service}.{name}", shared=False)(function)

    def every(task: str, queue: str, seconds: float) -> None:
        schedule[task] = {
            "task": task,
            "schedule": seconds,
            # a waking that nobody took before the next one is worth nothing
            "options": {"queue": queue, "expires": max(seconds, 10.0)},
        }

    every(f"{service}.sweep", service, SWEEP_EVERY)
    for queue, (errand, seconds) in work.errands.items():
        app.task(name=f"{queue}.deliver", shared=False)(_as_task(app, queue, errand))
        every(f"{queue}.deliver", queue, seconds)
    return [service, *work.errands]


def _as_task(app: Celery, queue: str, errand: Callable[[], bool]) -> Callable[..., None]:
    def run(ids: list[str] | None = None) -> None:  # noqa: ARG001 - an errand finds its own work; the bell sends ids to all
        if errand():
            app.send_task(f"{queue}.deliver", ([],), queue=queue)

    return run


def _show_life(file: Path, sender: Any, **_: object) -> None:
    file.touch()
    sender.timer.call_repeatedly(ALIVE_EVERY, file.touch)


def _follow_fork(works: tuple[Work, ...]) -> None:
    """Connections do not survive a fork: each child begins with an empty pool."""

    def begin(**_: object) -> None:
        for work in works:
            work.post.engine.dispose(close=False)
        # What is loaded stays; a batch makes many small objects that die together. Looking for cycles all the time costs a tenth.
        gc.freeze()
        gc.set_threshold(50_000)

    signals.worker_process_init.connect(begin, weak=False)
    if file := os.environ.get(ALIVE):
        # at each connection to the broker; with it the timer of the one before has ended
        signals.worker_ready.connect(partial(_show_life, Path(file)), weak=False)
    signals.setup_logging.connect(lambda **_: telemetry.log_to_stderr(), weak=False)
