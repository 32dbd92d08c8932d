"""One Celery application for all services of one machine: all their queues, and the wakings beat sends."""

from __future__ import annotations

import os
from pathlib import Path

from celery import signals

from deploy.one.parts import READY_FILE
from services.intake import tasks as intake
from services.notify import tasks as notify
from services.opendata import tasks as opendata
from services.review import tasks as review
from shared.bus.worker import celery_app

app = celery_app("madoguchi", intake.settings.broker_url, intake.work, review.work, notify.work, opendata.work)


def _ready(**_: object) -> None:
    """Tell the supervisor, which waits for the file it named."""
    if file := os.environ.get(READY_FILE):
        Path(file).touch()


signals.worker_ready.connect(_ready, weak=False)
signals.beat_init.connect(_ready, weak=False)
