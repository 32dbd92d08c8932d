"""What the shop window purges: its tables hold numbers alone, so it is the events that it published."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from shared.retention.bus import events_of
from shared.retention.periods import Rules
from shared.retention.purging import Service


def _no_rules(_session: Session, _now: datetime) -> Rules:
    return {}


SERVICE = Service("opendata", (events_of("opendata"),), _no_rules)
