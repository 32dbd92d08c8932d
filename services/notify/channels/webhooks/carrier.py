"""Calling webhooks: signed, bounded, and again later where the receiver did not take it.

The webhook-id is the same at each try, so a receiver tells a doubled call from two. That is why a message is not marked as being
handed over: where nobody knows whether the receiver has it, it is simply called again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from sqlalchemy import Engine
from sqlmodel import Session

from services.notify.channels.carrier import Mark, Outcome
from services.notify.channels.http import TIMEOUT, Answer, NoAnswer, Reach, Refused, post_safely
from services.notify.channels.webhooks import silence, standing
from services.notify.channels.webhooks.sealing import unsealed
from services.notify.channels.webhooks.signing import generations, secret_of, signed
from services.notify.models import Message
from shared import i18n

if TYPE_CHECKING:
    from services.notify.settings import Settings

# Seconds between the ten tries: 76 hours in all, as Standard Webhooks proposes.
BACKOFF = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
LONGEST_WAIT = 24 * 3600.0
# Of the answer nothing but its status is looked at.
ANSWER_READ = 4096

GONE = i18n.message("The receiver answered that it does not want to be called any more (410)")


@dataclass(frozen=True)
class _Call:
    url: str
    secrets: list[str]
    # what the receiver wants to see besides
    token: str | None


class WebhookCarrier:
    """A carrier of webhooks (services.notify.channels.carrier)."""

    backoff: Sequence[float] = BACKOFF
    timeout = TIMEOUT

    def __init__(self, settings: Settings, engine: Engine, pace: standing.Pace) -> None:
        self._secret_key = settings.secret_key
        self._engine = engine
        self._pace = pace
        self._reach = Reach.of(settings)

    def carry(self, message: Message, mark: Mark) -> Outcome | None:  # noqa: ARG002 - see above
        """Call the webhook. None: it was cancelled meanwhile, or it is not this webhook's turn."""
        webhook_id = UUID(message.recipient)
        if wait := self._pace.begin(webhook_id):
            with Session(self._engine) as session:
                standing.postpone(session, message, wait)
                session.commit()
            return None
        answered, begun = True, monotonic()
        try:
            call = self._call(message, webhook_id)
            if isinstance(call, _Call):
                outcome, answered = self._post(message, call)
                if outcome.state == "deferred" and message.attempts >= len(BACKOFF):
                    self._give_up(message)
                return outcome
            return call
        finally:
            if wait := self._pace.end(webhook_id, monotonic() - begun, answered=answered):
                with Session(self._engine) as session:
                    standing.rest(session, webhook_id, wait)
                    session.commit()

    def close(self) -> None:
        """Nothing is kept open."""

    def _call(self, message: Message, webhook_id: UUID) -> _Call | Outcome | None:
        with Session(self._engine) as session:
            if not standing.waits(session, message):
                return None
            webhook = standing.active(session, webhook_id)
            if webhook is None:
                return Outcome("failed", "the webhook is disabled")
            signing = generations(webhook.generation, webhook.rotated_at, datetime.now(UTC))
            secrets = [secret_of(self._secret_key, webhook_id, one) for one in signing]
            token = unsealed(self._secret_key, webhook.sealed_token) if webhook.sealed_token else None
            if webhook.sealed_token and token is None:
                return Outcome("failed", "the token was sealed with another key of the house")
            return _Call(webhook.url, secrets, token)

    def _give_up(self, message: Message) -> None:
        with Session(self._engine) as session:
            silence.give_up(session, self._secret_key, message)
            session.commit()

    def _post(self, message: Message, call: _Call) -> tuple[Outcome, bool]:
        """What came of it, and whether the receiver answered."""
        host = urlsplit(call.url).hostname or ""
        body = orjson.dumps(message.filling)
        headers = {"content-type": "application/json", **signed(message.id, datetime.now(UTC), body, call.secrets)}
        if call.token:
            headers["authorization"] = f"Bearer {call.token}"
        try:
            answer = post_safely(call.url, body, headers, reach=self._reach, timeout=self.timeout, limit=ANSWER_READ)
        except Refused as refused:
            return Outcome("deferred", str(refused), host), True
        except NoAnswer as silence:
            return Outcome("deferred", silence.cause, host), False
        return self._outcome(message, answer, host), answer.status not in {429, 503}

    def _outcome(self, message: Message, answer: Answer, host: str) -> Outcome:
        said = f"{answer.status} {_phrase(answer.status)}".strip()
        if answer.ok:
            return Outcome("delivered", said, host)
        if answer.status == HTTPStatus.GONE:
            with Session(self._engine) as session:
                standing.disable(session, UUID(message.recipient), GONE, but=message.id)
                session.commit()
            return Outcome("failed", said, host)
        asked = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
        own = BACKOFF[min(message.attempts, len(BACKOFF) - 1)]
        return Outcome("deferred", said, host, max(own, asked) if asked else None)


def retry_after(value: str, now: datetime) -> float:
    """The seconds that an answer asks to wait (RFC 9110 section 10.2.3), a day at most; 0 where it says nothing one can read."""
    if value.isascii() and value.strip().isdigit():
        return min(float(value[:12]), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_WAIT)


def _phrase(status: int) -> str:
    """The words of a status. What the receiver wrote is not kept: who registered an address need not see what lies behind it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
