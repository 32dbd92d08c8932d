"""Handing text messages to a provider, or in development to a folder.

The message's id is the provider's Idempotency-Key: where nobody knows whether it took a message, it is simply handed over again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy.exc import SQLAlchemyError

from services.notify.channels.carrier import Mark, Outcome, Unreachable
from services.notify.channels.http import Answer, NoAnswer, Reach, Refused, post_safely
from services.notify.models import Message
from services.notify.recipients.phones import e164
from services.notify.wording.rendering import Wordings

if TYPE_CHECKING:
    from services.notify.settings import Settings

BACKOFF = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0)
# Ten parts of a long message in Japanese: no provider takes more.
TEXT_LIMIT = 670
NO_PROVIDER = "no provider of text messages is set (MADOGUCHI_NOTIFY_SMS_URL)"
# The operator chose the provider: it may be anywhere.
_ANYWHERE = Reach(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), ports=frozenset())
_FOLDER = "folder://"
_NOT_US = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class SmsCarrier:
    """A carrier of text messages (services.notify.channels.carrier)."""

    backoff: Sequence[float] = BACKOFF

    def __init__(self, settings: Settings, wordings: Wordings) -> None:
        self._url = settings.sms_url
        self._token = settings.sms_token
        self._sender = settings.sms_sender
        self._wordings = wordings
        self._reach = replace(_ANYWHERE, plain=self._url.startswith("http://"))

    def carry(self, message: Message, mark: Mark) -> Outcome | None:  # noqa: ARG002 - see above
        """Hand it over. Raises Unreachable where the provider does not know us: that is nothing of this message."""
        if not self._url:
            return Outcome("failed", NO_PROVIDER)
        try:
            body = self._body(message)
        except SQLAlchemyError as error:
            raise Unreachable(f"the text cannot be read: {type(error).__name__}", "database") from error
        except Exception as error:  # noqa: BLE001 - whatever a template lacks; one message must not stop the others
            return Outcome("failed", f"the text message cannot be made: {error}"[:200])
        if self._url.startswith(_FOLDER):
            return _put(Path(self._url.removeprefix(_FOLDER)), message, body)
        return self._post(message, body)

    def close(self) -> None:
        """Nothing is kept open."""

    def _body(self, message: Message) -> dict[str, Any]:
        """What the provider gets. Raises ValueError, KeyError, MissingPlaceholders."""
        text = self._wordings.render(message).body.strip()
        if len(text) > TEXT_LIMIT:
            raise ValueError(f"a text message has at most {TEXT_LIMIT} characters")
        sender = message.options.get("from_number") or self._sender
        return {"id": str(message.id), "to": e164(message.recipient), "text": text, **({"from": sender} if sender else {})}

    def _post(self, message: Message, body: dict[str, Any]) -> Outcome:
        host = urlsplit(self._url).hostname or ""
        headers = {"content-type": "application/json", "idempotency-key": str(message.id)}
        if token := self._token.get_secret_value():
            headers["authorization"] = f"Bearer {token}"
        try:
            answer = post_safely(self._url, orjson.dumps(body), headers, reach=self._reach)
        except Refused as refused:
            raise Unreachable(str(refused), host) from refused
        except NoAnswer as silence:
            if not silence.handed_over:
                raise Unreachable(silence.cause, host) from silence
            return Outcome("deferred", silence.cause, host)
        return _outcome(answer, host)


def _outcome(answer: Answer, host: str) -> Outcome:
    said = f"{answer.status} {' '.join(answer.body[:200].decode('utf-8', 'replace').split())}".strip()
    if answer.ok:
        return Outcome("sent", said, host)
    if answer.status in _NOT_US:
        raise Unreachable(f"the provider does not know us: {answer.status}", host)
    good_for_nothing = 400 <= answer.status < 500 and answer.status not in _LATER  # noqa: PLR2004 - RFC 9110 section 15.5
    return Outcome("failed" if good_for_nothing else "deferred", said, host)


def _put(folder: Path, message: Message, body: dict[str, Any]) -> Outcome:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{message.id}.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise Unreachable(f"the folder cannot be written to: {type(error).__name__}", "folder") from error
    return Outcome("sent", "written to the folder", "folder")
