"""Beat for an installation of many containers: it wakes the workers of all services and knows none of them.

What it wakes, and how often, is a file (`python -m deploy.wakings`), made with the image. It needs the broker and no database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import celery.beat
import orjson
from celery import Celery, signals
from pydantic import Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import telemetry
from shared.bus.bell import TRANSPORT_OPTIONS
from shared.environment import SECRETS
from shared.settings import load


class Settings(BaseSettings):
    """What beat needs."""

    model_config = SettingsConfigDict(env_prefix="MADOGUCHI_", extra="ignore", secrets_dir=SECRETS)

    broker_url: SecretStr = Field(description="redis:// URL of the broker")
    wakings: FilePath = Field(description="the file that `python -m deploy.wakings` writes")
    alive: Path | None = Field(default=None, description="a file that is touched while it works, for health checks")


settings = load(Settings)
app = Celery("madoguchi-beat", broker=settings.broker_url.get_secret_value(), set_as_current=False)
app.conf.update(
    beat_schedule=orjson.loads(settings.wakings.read_bytes()),
    broker_transport_options=TRANSPORT_OPTIONS,
    broker_connection_timeout=3,
    enable_utc=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
)
signals.setup_logging.connect(lambda **_: telemetry.log_to_stderr(), weak=False)


class Scheduler(celery.beat.Scheduler):  # type: ignore[misc] # Celery has no types
    """Celery's scheduler without a file of its own: what is overdue after a start waits for its next turn, an hour at most."""

    def setup_schedule(self) -> None:
        """Take the schedule from the application's settings."""
        self.update_from_dict(self.app.conf.beat_schedule)

    def tick(self, *arguments: Any, **options: Any) -> float:
        """One look at what is due, which is also a sign of life."""
        if settings.alive:
            settings.alive.touch()
        seconds: float = super().tick(*arguments, **options)
        return seconds
