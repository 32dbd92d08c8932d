"""How much a client may send: requests a minute of each key, messages a day of the client."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.notify.clients.clients import rate_limit
from services.notify.clients.refusals import Refusal
from services.notify.clients.tokens import Sender
from shared.buckets import Buckets
from shared.i18n import JST

A_MINUTE = 60.0
# A day's count is asked of the database so often, in seconds; in between each process counts what it takes itself.
COUNT_EVERY = 5.0
_SHOWN = {"normal": "LIVE", "team": "TEAM", "test": "TEST"}
_COUNT = text("""
select count(*) from (
  select from notify.message
  where client_id = :client and created_at >= :since and key_type <> 'test' and channel in ('email', 'sms', 'letter')
  limit :most) counted
""")


@dataclass
class _Today:
    day: object
    asked: float
    count: int


class Limits:
    """What this process knows of its clients' requests. With n processes a key may get n times as far in a minute."""

    def __init__(self) -> None:
        self._rates: dict[int, Buckets] = {}
        self._days: dict[UUID, _Today] = {}

    def take_request(self, sender: Sender) -> None:
        """Count a request. Raises Refusal."""
        limit = rate_limit(sender.client)
        buckets = self._rates.setdefault(limit, Buckets(limit / A_MINUTE, burst=A_MINUTE))
        if buckets.take(sender.key.id.bytes):
            kind = _SHOWN[sender.key.type]
            said = f"Exceeded rate limit for key type {kind} of {limit} requests per {math.ceil(A_MINUTE)} seconds"
            raise Refusal(429, "RateLimitError", said)

    def take_message(self, session: Session, sender: Sender) -> None:
        """Count a message of today (Japan's time); those of test keys do not count. Raises Refusal."""
        if sender.key.type == "test":
            return
        client = sender.client
        today, now = datetime.now(JST).date(), time.monotonic()
        known = self._days.get(client.id)
        if known is None or known.day != today or now - known.asked > COUNT_EVERY:
            since = datetime.combine(today, datetime.min.time(), JST).astimezone(UTC)
            count = session.scalar(_COUNT, {"client": client.id, "since": since, "most": client.daily_limit})
            known = self._days[client.id] = _Today(today, now, count or 0)
        if known.count >= client.daily_limit:
            raise Refusal(429, "TooManyRequestsError", f"Exceeded send limits ({client.daily_limit}) for today")
        known.count += 1
